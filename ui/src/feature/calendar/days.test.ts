import { describe, expect, it } from 'vitest';
import { byDay, monthGrid, shift, shiftMonth, weekOf } from './days';

describe('days', () => {
  it('a month shows six whole weeks', () => {
    const grid = monthGrid('2026-11-24', 1);
    expect(grid).toHaveLength(42);
    expect([grid[0], grid[41]]).toEqual(['2026-10-26', '2026-12-06']);
  });
  it('a week begins where the locale begins it', () => {
    expect(weekOf('2026-11-24', 1)).toBe('2026-11-23');
    expect(weekOf('2026-11-24', 7)).toBe('2026-11-22');
  });
  it('no change of the clock loses or doubles a day', () => {
    expect(shift('2027-03-27', 1)).toBe('2027-03-28');
    expect(shift('2027-03-28', 1)).toBe('2027-03-29');
    expect(shift('2026-10-25', 1)).toBe('2026-10-26');
  });
  it('a shorter month takes its last day', () => expect(shiftMonth('2027-01-31', 1)).toBe('2027-02-28'));
  it('posts stand on the day of the zone, in order of time', () => {
    const row = (id: string, due_at: string) => ({
      id,
      due_at,
      version: 1,
      status: 'scheduled',
      channels: [],
      text: id,
      updated_at: due_at,
    });
    const days = byDay(
      [row('b', '2026-11-24T23:30:00Z'), row('a', '2026-11-24T08:00:00Z'), row('c', '2026-11-25T07:00:00Z')],
      'Europe/Berlin',
    );
    expect([...days].map(([day, rows]) => [day, rows.map((one) => one.id)])).toEqual([
      ['2026-11-25', ['b', 'c']],
      ['2026-11-24', ['a']],
    ]);
  });
});
