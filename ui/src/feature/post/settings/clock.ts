/** An instant as the field for date and time shows it on the workspace's clock, and back. */
import { place, wall } from '../../../text/zones';

const two = (n: number) => String(n).padStart(2, '0');

/** 2026-12-24T18:00 on the zone's clock; nothing for what isn't an instant. */
export function onClock(at: unknown, zone: string): string {
  const date = new Date(typeof at === 'string' ? at : NaN);
  if (Number.isNaN(date.getTime())) return '';
  const w = wall(date, zone);
  return `${String(w.year).padStart(4, '0')}-${two(w.month)}-${two(w.day)}T${two(w.hour)}:${two(w.minute)}`;
}

/** The instant of what the field shows. A time that the clock jumps over becomes the first one after; of two, the first. */
export function instant(shown: string, zone: string): string {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)/.exec(shown);
  if (!found) return '';
  const [year, month, day, hour, minute] = found.slice(1).map(Number) as [number, number, number, number, number];
  return place({ year, month, day, hour, minute }, zone).at.toISOString().replace('.000Z', 'Z');
}
