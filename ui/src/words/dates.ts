/** Dates, times and durations as people write them, in a zone and by the member's locale. */
import { hour12, locale, t } from './words.svelte';

const cache = new Map<string, Intl.DateTimeFormat>();

function format(zone: string | undefined, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const twelve = hour12();
  const key = `${locale()}|${zone}|${twelve}|${JSON.stringify(options)}`;
  let found = cache.get(key);
  if (!found) {
    const hours: Intl.DateTimeFormatOptions =
      'hour' in options ? (twelve === undefined ? {} : { hourCycle: twelve ? 'h12' : 'h23' }) : {};
    found = new Intl.DateTimeFormat(locale(), { timeZone: zone, ...options, ...hours });
    cache.set(key, found);
  }
  return found;
}

type When = string | Date | number;
const date = (at: When): Date => (at instanceof Date ? at : new Date(at));
const bare = (text: string): string => (locale() === 'en-GB' ? text.replace(/^(\p{L}+),/u, '$1') : text);

/** 09:30 */
export function clock(at: When, zone?: string): string {
  return format(zone, { hour: '2-digit', minute: '2-digit' }).format(date(at));
}

/** 09:30:01 */
export function clockSeconds(at: When, zone?: string): string {
  return format(zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(date(at));
}

/** Tue 24 Nov */
export function day(at: When, zone?: string): string {
  return bare(format(zone, { weekday: 'short', day: 'numeric', month: 'short' }).format(date(at)));
}

/** Tuesday 24 November */
export function dayLong(at: When, zone?: string): string {
  return bare(format(zone, { weekday: 'long', day: 'numeric', month: 'long' }).format(date(at)));
}

/** 24 November 2026, for what is far away. */
export function dayFull(at: When, zone?: string): string {
  return format(zone, { day: 'numeric', month: 'long', year: 'numeric' }).format(date(at));
}

/** November 2026 */
export function month(at: When, zone?: string): string {
  return format(zone, { month: 'long', year: 'numeric' }).format(date(at));
}

/** Tue 24 Nov, 09:30; with the year when it isn't this one. */
export function moment(at: When, zone?: string, now: Date = new Date()): string {
  const year = yearOf(at, zone) === yearOf(now, zone) ? '' : ` ${yearOf(at, zone)}`;
  return `${day(at, zone)}${year}, ${clock(at, zone)}`;
}

/** Tuesday 24 November, 09:30 */
export function momentLong(at: When, zone?: string): string {
  return `${dayLong(at, zone)}, ${clock(at, zone)}`;
}

/** today 16:30, tomorrow 09:00, Wed 08:45, Tue 24 Dec, 09:30: as short as it stays clear. */
export function near(at: When, zone?: string, now: Date = new Date()): string {
  const days = dayNumber(at, zone) - dayNumber(now, zone);
  if (days === 0) return t('date.today', { time: clock(at, zone) });
  if (days === 1) return t('date.tomorrow', { time: clock(at, zone) });
  if (days === -1) return t('date.yesterday', { time: clock(at, zone) });
  if (days > 1 && days < 7) return `${weekday(at, zone)} ${clock(at, zone)}`;
  return moment(at, zone, now);
}

/** Wed */
export function weekday(at: When, zone?: string, width: 'short' | 'long' | 'narrow' = 'short'): string {
  return format(zone, { weekday: width }).format(date(at));
}

/** "in 18 min", "in 2 h 48 min", "3 days ago": the two largest parts. */
export function relative(at: When, now: Date = new Date()): string {
  const ms = date(at).getTime() - now.getTime();
  const span = duration(Math.abs(ms));
  return ms >= 0 ? t('date.in', { span }) : t('date.ago', { span });
}

/** 0.3 s, 18 min, 2 h 48 min, 3 days */
export function duration(ms: number): string {
  if (ms < 0) ms = 0;
  if (ms < 10_000) return t('span.seconds', { n: number(Math.round(ms / 100) / 10) });
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return t('span.seconds', { n: number(seconds) });
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return t('span.minutes', { n: number(minutes) });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) {
    const rest = minutes % 60;
    return rest && hours < 12
      ? t('span.hoursMinutes', { h: number(hours), m: number(rest) })
      : t('span.hours', { n: number(hours) });
  }
  return t('span.days', { n: Math.round(hours / 24) });
}

/** 1,600 */
export function number(n: number, options?: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat(locale(), options).format(n);
}

/** 184 KB, 2.4 MB */
export function bytes(n: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  let i = 0;
  while (n >= 1000 && i < units.length - 1) {
    n /= 1000;
    i++;
  }
  return number(n, {
    style: 'unit',
    unit: units[i],
    unitDisplay: i ? 'short' : 'long',
    maximumFractionDigits: n < 10 && i ? 1 : 0,
  });
}

/** "a, b and c" */
export function list(items: string[]): string {
  return new Intl.ListFormat(locale(), { type: 'conjunction' }).format(items);
}

/** The last part of a zone's name, as people say it: Berlin, Buenos Aires. */
export function city(zone: string): string {
  return (zone.split('/').at(-1) ?? zone).replaceAll('_', ' ');
}

/** 2026-11-24 in the zone: the name of a day in addresses and maps. */
export function dayKey(at: When, zone?: string): string {
  const parts = isoParts(zone).formatToParts(date(at));
  const get = (type: string) => parts.find((p) => p.type === type)?.value ?? '';
  return `${get('year')}-${get('month')}-${get('day')}`;
}

const iso = new Map<string | undefined, Intl.DateTimeFormat>();
function isoParts(zone: string | undefined): Intl.DateTimeFormat {
  let found = iso.get(zone);
  if (!found) {
    found = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
    iso.set(zone, found);
  }
  return found;
}

function yearOf(at: When, zone?: string): string {
  return dayKey(at, zone).slice(0, 4);
}

/** Days since 1970 of the calendar day on which this instant falls in the zone. */
export function dayNumber(at: When, zone?: string): number {
  return Math.round(Date.parse(`${dayKey(at, zone)}T00:00:00Z`) / 86_400_000);
}
