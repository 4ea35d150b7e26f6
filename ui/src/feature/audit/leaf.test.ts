import { beforeAll, describe, expect, it } from 'vitest';
import { speak, speakAbove } from '../../words/words.svelte';
import { act, bounds, groupOf, rowOf, short } from './leaf';

beforeAll(async () => {
  await speak('en');
  await speakAbove();
});

const event =
  '{"action":"member.changed","actor":{"id":"idn_1","kind":"member","member":"mem_1"},"at":"2026-11-24T09:04:18.000Z","changed":{"names":["role"],"values":{"role":"admin"}},"on":{"id":"mem_2","kind":"member"},"prev":"b90d","result":"ok","seq":7,"v":1}';

describe('an event of the log', () => {
  it('is read from its own bytes', () => {
    const row = rowOf({ seq: 7, id: 'evt_1', event, leaf: '7c1e', by: 'Mira', values: { reason: 'new job' } });
    expect(row.actor?.member).toBe('mem_1');
    expect(row.changed?.values).toEqual({ role: 'admin' });
    expect(row.told).toEqual({ reason: 'new job' });
    expect(row.pruned).toBe(false);
  });
  it('has its leaf in the letters in which the next event names it', () => {
    expect(rowOf({ seq: 7, id: 'evt_1', event, leaf: 'a+b/c=' }).leaf).toBe('a-b_c');
  });
  it('keeps number and hash when its bytes are gone or can’t be read', () => {
    for (const bytes of ['', '{"action":']) {
      const row = rowOf({ seq: 7, id: 'evt_1', event: bytes, leaf: '7c1e' });
      expect([row.seq, row.leaf, row.pruned, row.action]).toEqual([7, '7c1e', true, '']);
    }
  });
  it('reads in words, also when this page doesn’t know the action', () => {
    expect(act('member.changed')).toBe('Changed a member');
    expect(act('plan.seats_changed')).toBe('Plan seats changed');
    expect(groupOf('key.')).toBe('API keys');
    expect(groupOf('support.read')).toBe('Read a record');
  });
  it('shortens what is compared by eye', () => {
    expect(short('7c1eAAAAAAAAAAAAAAAA04ab')).toBe('7c1eAA…04ab');
    expect(short('7c1e')).toBe('7c1e');
  });
});

describe('a day as bounds of instants', () => {
  it('lasts from midnight to midnight of the zone, also when the clock changes', () => {
    expect(bounds('2026-11-24', 'Europe/Berlin')).toEqual({
      begins: '2026-11-23T23:00:00.000Z',
      ends: '2026-11-24T23:00:00.000Z',
    });
    expect(bounds('2026-10-25', 'Europe/Berlin')).toEqual({
      begins: '2026-10-24T22:00:00.000Z',
      ends: '2026-10-25T23:00:00.000Z',
    });
  });
  it('is nothing when it is no day', () => {
    expect(bounds('', 'UTC')).toBeUndefined();
    expect(bounds('soon', 'UTC')).toBeUndefined();
  });
});
