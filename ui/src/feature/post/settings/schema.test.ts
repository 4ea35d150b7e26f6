import { describe, expect, it } from 'vitest';
import { instant, onClock } from './clock';
import {
  asText,
  beside,
  choicesOf,
  counts,
  moved,
  picksOf,
  put,
  saidOf,
  settingsOf,
  valueOf,
  within,
  wordsOf,
  type Setting,
} from './schema';

const form = settingsOf({
  properties: {
    board: { 'x-field': 'lookup', 'x-lookup': 'boards', title: 'Board' },
    tags: { type: 'array', 'x-field': 'words', items: {} },
    seen: { type: 'string', 'x-field': 'choice', default: 'public', enum: ['public', 'friends', ''] },
    sticky: { type: 'boolean', 'x-field': 'flag', default: false, 'x-when': { field: 'seen', values: ['public'] } },
    months: { type: 'integer', 'x-field': 'number', default: 3 },
    mood: { type: 'string', 'x-field': 'choice', 'x-unset': true },
    flair: { 'x-field': 'lookup', 'x-kinds': ['article'], 'x-fact': 'flairs' },
    entries: { type: 'array', 'x-field': 'list', 'x-delivery-per-entry': true, items: { properties: {} } },
  },
});
const one = (name: string): Setting => form.find((field) => field.name === name)!;
const place = { kind: 'article', facts: { flairs: 1 } };

describe('a setting', () => {
  it('is named by its title, else by its name', () => {
    expect([one('board').label, one('tags').label]).toEqual(['Board', 'tags']);
  });
  it('stands where the connector puts it', () => {
    const named = (properties: Record<string, object>, order: string[]) =>
      settingsOf({ properties, 'x-order': order }).map((field) => field.name);
    expect(named({ a: {}, title: {} }, ['title', 'a'])).toEqual(['title', 'a']);
  });
  it('is the draft’s own, else the channel’s, else the default', () => {
    expect(valueOf(one('seen'), { seen: 'friends' }, { seen: 'public' })).toBe('friends');
    expect(valueOf(one('seen'), {}, { seen: 'friends' })).toBe('friends');
    expect(valueOf(one('seen'), {}, {})).toBe('public');
    expect(valueOf(one('sticky'), { sticky: false }, { sticky: true })).toBe(false);
  });
  it('that must be chosen for each post takes nothing from the channel', () => {
    expect(valueOf(one('mood'), {}, { mood: 'good' })).toBeUndefined();
    expect(put(one('mood'), {}, { mood: 'good' }, 'good')).toEqual({ mood: 'good' });
  });
});

describe('a change', () => {
  it('keeps only what differs from the channel and the default', () => {
    expect(put(one('seen'), { seen: 'friends', a: 1 }, {}, 'public')).toEqual({ a: 1 });
    expect(put(one('seen'), {}, { seen: 'friends' }, 'public')).toEqual({ seen: 'public' });
    expect(put(one('sticky'), {}, { sticky: true }, false)).toEqual({ sticky: false });
  });
  it('drops what is cleared, and clears what would be taken from elsewhere', () => {
    expect(put(one('board'), { board: { id: '1' } }, {}, undefined)).toEqual({});
    expect(put(one('board'), {}, { board: { id: '1' } }, undefined)).toEqual({ board: '' });
    expect(put(one('tags'), { tags: ['a'] }, { tags: ['b'] }, [])).toEqual({ tags: [] });
    expect(put(one('seen'), {}, {}, '')).toEqual({ seen: '' });
  });
  it('of a number falls back when it is emptied: there is no empty number', () => {
    expect(put(one('months'), { months: 5 }, {}, undefined)).toEqual({});
  });
});

describe('a setting counts', () => {
  it('for its kinds of post, while the kind is known', () => {
    expect(counts(one('flair'), form, {}, {}, place)).toBe(true);
    expect(counts(one('flair'), form, {}, {}, { ...place, kind: 'note' })).toBe(false);
    expect(counts(one('flair'), form, {}, {}, { ...place, kind: undefined })).toBe(true);
  });
  it('for channels with its fact', () => {
    expect(counts(one('flair'), form, {}, {}, { kind: 'article', facts: {} })).toBe(false);
  });
  it('while another has one of its values, whoever gave it', () => {
    expect(counts(one('sticky'), form, {}, {}, place)).toBe(true);
    expect(counts(one('sticky'), form, {}, { seen: 'friends' }, place)).toBe(false);
    expect(counts(one('sticky'), form, { seen: 'public' }, { seen: 'friends' }, place)).toBe(true);
  });
});

describe('look-ups', () => {
  it('are told what was chosen beside them', () => {
    const own = { board: { id: '7', label: 'Winter' }, tags: ['a', 'b'], entries: [{}] };
    expect(beside('flair', form, own, { months: 4 })).toEqual([
      'board=7',
      'tags=a,b',
      'seen=public',
      'sticky=false',
      'months=4',
    ]);
  });
  it('read bare ids as picks', () => {
    expect(picksOf(['1', { id: '2', label: 'Two' }])).toEqual([{ id: '1' }, { id: '2', label: 'Two' }]);
    expect([picksOf(undefined), picksOf('')]).toEqual([[], []]);
    expect(asText({ id: '2', label: 'Two' })).toBe('2');
  });
});

describe('lists', () => {
  it('move by one and stay within', () => {
    expect(moved(['a', 'b', 'c'], 0, 1)).toEqual(['b', 'a', 'c']);
    expect(moved(['a', 'b'], 1, 2)).toEqual(['a', 'b']);
    expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b']);
  });
  it('of words have one a line, so that words may have commas', () => {
    expect(wordsOf('Yes, of course\n\n  No \n')).toEqual(['Yes, of course', 'No']);
  });
  it('of choices leave "none" to the form', () => {
    expect(choicesOf(one('seen')).map(({ id }) => id)).toEqual(['public', 'friends']);
  });
});

describe('what the check says', () => {
  const said = saidOf([
    { field: 'settings.communities.1.title', message: 'Title: it is empty.' },
    { field: 'settings.communities.1.title', message: 'Title: it is empty.' },
    { field: 'settings.board', message: 'Board is needed here.' },
    { field: 'text', message: 'Too long.' },
  ]);
  it('stands at the very field, once', () => {
    expect(said).toEqual({ 'communities.1.title': 'Title: it is empty.', board: 'Board is needed here.' });
  });
  it('goes down into entries', () => {
    expect(within(within(said, 'communities'), '1')).toEqual({ title: 'Title: it is empty.' });
    expect(within(said, 'communities.10')).toEqual({});
  });
});

describe('date and time', () => {
  it('are on the workspace’s clock', () => {
    expect(onClock('2026-12-24T17:00:00Z', 'Europe/Berlin')).toBe('2026-12-24T18:00');
    expect(instant('2026-12-24T18:00', 'Europe/Berlin')).toBe('2026-12-24T17:00:00Z');
    expect(instant('2026-12-24T18:00', 'America/New_York')).toBe('2026-12-24T23:00:00Z');
  });
  it('skip with the clock', () => {
    expect(instant('2027-03-28T02:30', 'Europe/Berlin')).toBe('2027-03-28T01:00:00Z');
  });
  it('are nothing when nothing is given', () => {
    expect([onClock('', 'UTC'), onClock(undefined, 'UTC'), instant('', 'UTC')]).toEqual(['', '', '']);
  });
});
