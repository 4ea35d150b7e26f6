import { describe, expect, it } from 'vitest';
import { readWhen, type When } from './when';
import { place, wall } from './zones';

// Tuesday 24 November 2026, 09:12 in Berlin.
const now = new Date('2026-11-24T08:12:00Z');
const read = (text: string, more = {}): When => readWhen(text, { now, zone: 'Europe/Berlin', ...more });
const instants = (text: string, more = {}) => {
  const when = read(text, more);
  return when.kind === 'at' ? when.readings.map((one) => one.at.toISOString().slice(0, 16)) : when.kind;
};

describe('what can be typed', () => {
  const cases: [string, string[] | string][] = [
    ['tomorrow 9', ['2026-11-25T08:00']],
    ['tomorrow at 9:30', ['2026-11-25T08:30']],
    ['today 18', ['2026-11-24T17:00']],
    ['fri 14:30', ['2026-11-27T13:30']],
    ['Friday 2pm', ['2026-11-27T13:00']],
    ['fri 2 pm', ['2026-11-27T13:00']],
    ['tue 9:30', ['2026-11-24T08:30', '2026-12-01T08:30']],
    ['tue 8', ['2026-12-01T07:00']],
    ['in 2 h', ['2026-11-24T10:12']],
    ['in 1h 30min', ['2026-11-24T09:42']],
    ['in 1 min', ['2026-11-24T08:13']],
    ['in an hour', ['2026-11-24T09:12']],
    ['in 3 days', ['2026-11-27T08:12']],
    ['25 Dec 18:00', ['2026-12-25T17:00']],
    ['Dec 25 6pm', ['2026-12-25T17:00']],
    ['25 Dec 18:00 Tokyo', ['2026-12-25T09:00']],
    ['25 Dec 18:00 New York', ['2026-12-25T23:00']],
    ['2027-01-02 10:00', ['2027-01-02T09:00']],
    ['25.12. 18:00', ['2026-12-25T17:00']],
    ['1 jan 10:00', ['2027-01-01T09:00']],
    ['14:30', ['2026-11-24T13:30']],
    ['8', ['2026-11-25T07:00']],
    ['noon', ['2026-11-24T11:00']],
    ['now', 'now'],
    ['next free', 'next'],
    ['next', 'next'],
    ['', 'empty'],
    ['fri', 'needsTime'],
    ['soon', 'unclear'],
    ['tomorrow 25:00', 'unclear'],
    ['31 feb 2027 10:00', 'unclear'],
    ['yesterday 9', 'unclear'],
    ['2026-11-23 10:00', 'past'],
  ];
  for (const [text, want] of cases) it(text || 'nothing', () => expect(instants(text)).toEqual(want));
});

describe('two readings are two choices', () => {
  it('a date with slashes', () => expect(instants('5/12 10:00')).toEqual(['2026-12-05T09:00', '2027-05-12T08:00']));
  it('a bare hour where people say AM and PM', () =>
    expect(instants('tomorrow 9', { hour12: true })).toEqual(['2026-11-25T08:00', '2026-11-25T20:00']));
  it('next Friday', () => expect(instants('next fri 9')).toEqual(['2026-11-27T08:00', '2026-12-04T08:00']));
});

describe('clocks that change', () => {
  it('a time that is skipped goes out at the next valid minute, and says so', () => {
    const when = readWhen('28 mar 2027 2:30', { now, zone: 'Europe/Berlin' });
    expect(when).toMatchObject({ kind: 'at', readings: [{ skipped: '02:30' }] });
    if (when.kind === 'at') expect(when.readings[0]!.at.toISOString()).toBe('2027-03-28T01:00:00.000Z');
  });
  it('a time that comes twice is two choices', () =>
    expect(readWhen('31 oct 2027 2:30', { now, zone: 'Europe/Berlin' })).toMatchObject({
      readings: [{ repeated: true }, { repeated: true }],
    }));
  it('zones with minutes in their offset', () => {
    expect(place({ year: 2026, month: 11, day: 25, hour: 9, minute: 0 }, 'Asia/Kathmandu').at.toISOString()).toBe(
      '2026-11-25T03:15:00.000Z',
    );
    expect(wall(now, 'Asia/Kathmandu')).toMatchObject({ day: 24, hour: 13, minute: 57 });
  });
  it('a zone that skips a whole day', () =>
    expect(place({ year: 2011, month: 12, day: 30, hour: 12, minute: 0 }, 'Pacific/Apia')).toMatchObject({
      kind: 'skipped',
    }));
});
