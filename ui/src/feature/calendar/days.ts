/** Days of a calendar as "2026-11-24": arithmetic without clocks, so that no zone can shift them. */
import type { CalendarRow } from '../../api/types';
import { dayKey } from '../../words/dates';

/** The day so many days later. */
export function shift(day: string, by: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + by);
  return date.toISOString().slice(0, 10);
}

/** The same day of another month, or its last day when that month is shorter. */
export function shiftMonth(day: string, by: number): string {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number];
  const last = new Date(Date.UTC(year, month + by, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + by, Math.min(date, last))).toISOString().slice(0, 10);
}

/** Monday is 1, Sunday 7. */
export function weekdayNumber(day: string): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay() || 7;
}

/** The first day of the week in which a day falls. */
export function weekOf(day: string, start: number): string {
  return shift(day, -((weekdayNumber(day) - start + 7) % 7));
}

/** The six weeks that a month shows. */
export function monthGrid(day: string, start: number): string[] {
  const first = weekOf(`${day.slice(0, 7)}-01`, start);
  return Array.from({ length: 42 }, (_, i) => shift(first, i));
}

/** Rows by day in a zone, each day in order of time; one pass. */
export function byDay(rows: CalendarRow[], zone: string): Map<string, CalendarRow[]> {
  const days = new Map<string, CalendarRow[]>();
  for (const row of rows) {
    if (!row.due_at) continue;
    const key = dayKey(row.due_at, zone);
    const list = days.get(key);
    if (list) list.push(row);
    else days.set(key, [row]);
  }
  for (const list of days.values()) list.sort((a, b) => a.due_at!.localeCompare(b.due_at!) || a.id.localeCompare(b.id));
  return days;
}

/** The first weekday where the locale begins its weeks; Monday where it says nothing. */
export function weekStart(locale: string): number {
  const known = new Intl.Locale(locale) as Intl.Locale & {
    getWeekInfo?: () => { firstDay: number };
    weekInfo?: { firstDay: number };
  };
  return known.getWeekInfo?.().firstDay ?? known.weekInfo?.firstDay ?? 1;
}

/** Whether a post of this status may get another time. */
export function movable(status: string): boolean {
  return ['draft', 'scheduled', 'waiting_media', 'paused', 'missed', 'in_review', 'approved'].includes(status);
}

/** How a chip is filled: what will go out or needs somebody is filled, review is outlined, a draft dashed, the past plain. */
export function look(status: string): 'fill' | 'outline' | 'dashed' | 'plain' {
  if (['in_review', 'changes_asked', 'approved'].includes(status)) return 'outline';
  if (status === 'draft') return 'dashed';
  if (['published', 'partly_published', 'cancelled'].includes(status)) return 'plain';
  return 'fill';
}
