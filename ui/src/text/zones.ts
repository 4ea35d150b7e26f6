/** Wall-clock times and zones on Intl alone: no table of our own that could grow old. */

export interface Wall {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  hour: number;
  minute: number;
}

export interface Placed {
  at: Date;
  /** exact; skipped: the clock jumps over this time, at is the first valid minute; repeated: it comes twice, at is the first. */
  kind: 'exact' | 'skipped' | 'repeated';
  /** The second one of a repeated time. */
  second?: Date;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function parts(zone: string): Intl.DateTimeFormat {
  let found = formats.get(zone);
  if (!found) {
    found = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, found);
  }
  return found;
}

/** What a clock on the wall of this zone shows at the instant. */
export function wall(at: Date, zone: string): Wall {
  const got: Record<string, number> = {};
  for (const { type, value } of parts(zone).formatToParts(at)) got[type] = Number(value);
  return { year: got['year']!, month: got['month']!, day: got['day']!, hour: got['hour']!, minute: got['minute']! };
}

const asUtc = (w: Wall): number => Date.UTC(w.year, w.month - 1, w.day, w.hour, w.minute);

/** How far the zone is ahead of UTC at the instant, in milliseconds. */
export function offset(at: Date, zone: string): number {
  const minute = Math.floor(at.getTime() / 60_000) * 60_000;
  return asUtc(wall(new Date(minute), zone)) - minute;
}

/** The instant at which the zone's clock shows this time. */
export function place(w: Wall, zone: string): Placed {
  const guess = asUtc(w);
  const dayMs = 86_400_000;
  const before = offset(new Date(guess - dayMs), zone);
  const after = offset(new Date(guess + dayMs), zone);
  const fits = [...new Set([before, after])]
    .map((o) => new Date(guess - o))
    .filter((at) => asUtc(wall(at, zone)) === guess)
    .sort((a, b) => a.getTime() - b.getTime());
  if (fits.length === 1) return { at: fits[0]!, kind: 'exact' };
  if (fits.length === 2) return { at: fits[0]!, kind: 'repeated', second: fits[1]! };
  return {
    at: jump(guess - Math.max(before, after) - 3_600_000, guess - Math.min(before, after) + 3_600_000, zone),
    kind: 'skipped',
  };
}

/** The first instant after a change of the clock between two instants. */
function jump(from: number, to: number, zone: string): Date {
  const start = offset(new Date(from), zone);
  let low = from;
  let high = to;
  while (high - low > 60_000) {
    const middle = low + Math.floor((high - low) / 120_000) * 60_000;
    if (offset(new Date(middle), zone) === start) low = middle;
    else high = middle;
  }
  return new Date(Math.floor(high / 60_000) * 60_000);
}

/** The calendar day so many days later, as a wall time. */
export function addDays(w: Wall, days: number): Wall {
  const next = new Date(Date.UTC(w.year, w.month - 1, w.day + days));
  return { ...w, year: next.getUTCFullYear(), month: next.getUTCMonth() + 1, day: next.getUTCDate() };
}

/** Monday is 1, Sunday 7. */
export function weekdayOf(w: Pick<Wall, 'year' | 'month' | 'day'>): number {
  return new Date(Date.UTC(w.year, w.month - 1, w.day)).getUTCDay() || 7;
}

/** The same wall-clock time on another day, for moving within a calendar. */
export function onDay(at: Date, day: string, zone: string): Placed {
  const w = wall(at, zone);
  const [year, month, date] = day.split('-').map(Number) as [number, number, number];
  return place({ ...w, year, month, day: date }, zone);
}

let zones: string[] | undefined;

/** All zones that this browser knows. */
export function allZones(): string[] {
  zones ??= [...new Set(['UTC', ...Intl.supportedValuesOf('timeZone')])];
  return zones;
}

/** The zone whose city has this name; undefined when none has. */
export function zoneOfCity(name: string): string | undefined {
  const wanted = name.trim().toLowerCase().replaceAll(' ', '_');
  if (!wanted) return undefined;
  if (wanted === 'utc' || wanted === 'gmt') return 'UTC';
  return allZones().find((zone) => zone.toLowerCase() === wanted || zone.toLowerCase().split('/').at(-1) === wanted);
}

/** "+02:00", to tell apart the two passes of a repeated hour. */
export function offsetName(at: Date, zone: string): string {
  const minutes = Math.round(offset(at, zone) / 60_000);
  const sign = minutes < 0 ? '−' : '+';
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0');
  return `${sign}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
}
