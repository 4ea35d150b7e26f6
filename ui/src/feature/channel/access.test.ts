import { beforeAll, describe, expect, it } from 'vitest';
import type { Channel } from '../../api/types';
import { speak } from '../../words/words.svelte';
import { accessLine, byNeed, endsSoon, missingLine } from './access';

const now = new Date('2026-11-24T08:00:00Z');
const channel = (access: Partial<Channel['access']>, state = 'ready') =>
  ({ id: JSON.stringify(access) + state, state, access: { kind: 'sign_in', ...access } }) as Channel;
const line = (access: Partial<Channel['access']>, state?: string) =>
  accessLine(channel(access, state), 'Europe/Berlin', now);
const inSix = { ends_at: '2026-11-30T09:00:00Z', days_left: 6 };
const inForty = { ends_at: '2027-01-03T09:00:00Z', days_left: 40 };

beforeAll(() => speak('en-GB'));

describe('a channel’s access', () => {
  it('that renews itself asks nothing of anybody, however soon it ends', () => {
    expect(line({ ...inSix, renews_at: '2026-11-28T09:00:00Z' })).toEqual({
      words: 'Signed in · renews itself on Sat 28 Nov',
      tone: 'fine',
    });
    expect(endsSoon(channel({ ...inSix, renews_at: '2026-11-28T09:00:00Z' }))).toBe(false);
  });
  it('that ends within two weeks says so in days', () => {
    expect(line(inSix)).toEqual({ words: 'Access ends in 6 days: connect again before', tone: 'review' });
    expect(line({ ...inSix, days_left: 1 })).toEqual({
      words: 'Access ends in 1 day: connect again before',
      tone: 'attention',
    });
    expect(line({ ends_at: '2026-11-24T20:00:00Z', days_left: 0 }).words).toBe(
      'Access ends today: connect again before',
    );
  });
  it('that has ended says so', () => {
    expect(line({ ends_at: '2026-11-24T07:00:00Z', days_left: 0 })).toEqual({
      words: 'Access has ended: connect again',
      tone: 'attention',
    });
  });
  it('with a far end has a day, without one only what we hold', () => {
    expect(line({ ...inForty, kind: 'token' }).words).toBe('Token · until Sun 3 Jan');
    expect(line({ kind: 'webhook' })).toEqual({ words: 'Webhook', tone: 'fine' });
  });
  it('that is paused or lost is that first', () => {
    expect(line(inSix, 'paused').words).toBe('Paused');
    expect(line(inSix, 'reconnect').tone).toBe('attention');
  });
  it('names the rights that are missing', () => {
    expect(missingLine(channel({ missing_scopes: ['posts', 'media', 'read'] }))).toBe(
      'Rights missing: posts, media and read',
    );
    expect(missingLine(channel({}))).toBeUndefined();
  });
});

describe('channels', () => {
  it('stand as they need somebody', () => {
    const [calm, six, two, lost, far] = [
      channel({ kind: 'none' }),
      channel(inSix),
      channel({ ...inSix, days_left: 2 }),
      channel({}, 'reconnect'),
      channel(inForty),
    ] as [Channel, Channel, Channel, Channel, Channel];
    expect(byNeed([calm, six, two, lost, far])).toEqual([lost, two, six, calm, far]);
  });
});
