/**
 * The When field: reads "tomorrow 9", "fri 14:30", "in 2 h", "25 Dec 18:00 Tokyo", "next free", "now".
 * Two readings become two choices; nothing is guessed, and what can't be read says what is missing.
 */
import { addDays, place, wall, weekdayOf, zoneOfCity, type Wall } from './zones';

export interface Reading {
  at: Date;
  zone: string;
  /** The wall time that was typed doesn't exist on that day; at is the first valid minute after it. */
  skipped?: string;
  /** Two passes of a repeated hour are two readings. */
  repeated?: boolean;
}

export type When =
  | { kind: 'empty' }
  | { kind: 'now' }
  | { kind: 'next' }
  | { kind: 'at'; readings: Reading[] }
  | { kind: 'past'; reading: Reading }
  | { kind: 'needsTime' }
  | { kind: 'unclear' };

export interface Context {
  now: Date;
  zone: string;
  /** A bare "9" means two things where people say AM and PM. */
  hour12?: boolean | undefined;
}

interface Words {
  now: RegExp;
  next: RegExp;
  within: RegExp;
  span: RegExp;
  day: Record<string, number>;
  weekdays: string[];
  months: string[];
  following: RegExp;
  at: RegExp;
  noon: RegExp;
  midnight: RegExp;
}

const english: Words = {
  now: /^(right )?now$/,
  next: /^next( (free|open))?( (slot|time))?$|^(free|slot)$/,
  within: /^in\s+(.*)$/,
  span: /(\d+(?:[.,]\d+)?|an?)\s*(m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?|w(?:ee)?ks?|w)(?![a-z])/g,
  day: { today: 0, tod: 0, tomorrow: 1, tom: 1, tmrw: 1 },
  weekdays: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'],
  months: [
    'january',
    'february',
    'march',
    'april',
    'may',
    'june',
    'july',
    'august',
    'september',
    'october',
    'november',
    'december',
  ],
  following: /^next$/,
  at: /^(at|on|,|the|of|o'?clock)$/,
  noon: /^noon$/,
  midnight: /^midnight$/,
};

/** Reads what was typed. */
export function readWhen(typed: string, context: Context, words: Words = english): When {
  const text = typed.normalize('NFKC').toLowerCase().trim().replace(/[,;]+/g, ' ').replace(/\s+/g, ' ');
  if (!text) return { kind: 'empty' };
  if (words.now.test(text)) return { kind: 'now' };
  if (words.next.test(text)) return { kind: 'next' };
  const within = words.within.exec(text);
  if (within) return readSpan(within[1]!, context, words);
  const { rest, zone } = cutZone(text, context.zone);
  return readDate(rest, { ...context, zone }, words);
}

function readSpan(text: string, { now, zone }: Context, words: Words): When {
  let minutes = 0;
  const left = text.replace(words.span, (_, count: string, unit: string) => {
    const n = /^an?$/.test(count) ? 1 : Number(count.replace(',', '.'));
    minutes += n * ({ m: 1, h: 60, d: 1440, w: 10_080 }[unit[0]!] ?? 0);
    return '';
  });
  if (left.replace(/\band\b/g, '').trim() || !minutes || minutes > 5 * 525_600) return { kind: 'unclear' };
  return { kind: 'at', readings: [{ at: new Date(now.getTime() + Math.round(minutes * 60_000)), zone }] };
}

/** Takes the name of a city or zone off the end. */
function cutZone(text: string, zone: string): { rest: string; zone: string } {
  const parts = text.split(' ');
  for (let n = Math.min(3, parts.length - 1); n > 0; n--) {
    const tail = parts.slice(-n);
    if (tail.some((word) => /\d/.test(word)) && !tail[0]!.includes('/')) continue;
    const found = zoneOfCity(tail.join(' '));
    if (found) return { rest: parts.slice(0, -n).join(' '), zone: found };
  }
  return { rest: text, zone };
}

interface Day {
  year: number;
  month: number;
  day: number;
}

interface Found {
  days: Day[];
  times: { hour: number; minute: number }[];
}

function readDate(text: string, context: Context, words: Words): When {
  const found = scan(text.split(' '), context, words);
  if (!found) return { kind: 'unclear' };
  if (!found.times.length) return found.days.length ? { kind: 'needsTime' } : { kind: 'unclear' };
  const today = wall(context.now, context.zone);
  const bare = !found.days.length;
  const days = bare ? [today] : found.days;
  const all = days.flatMap((day) => found.times.flatMap((time) => readings({ ...day, ...time }, context)));
  let coming = all.filter((one) => one.at > context.now);
  // A time alone that is over today means tomorrow.
  if (bare && !coming.length) {
    coming = found.times.flatMap((time) => readings({ ...addDays(today, 1), ...time }, context));
  }
  if (!coming.length) return all[0] ? { kind: 'past', reading: all[0] } : { kind: 'unclear' };
  coming.sort((a, b) => a.at.getTime() - b.at.getTime());
  const different = coming.filter(
    (one, i) => coming.findIndex((other) => other.at.getTime() === one.at.getTime()) === i,
  );
  return { kind: 'at', readings: different.slice(0, 4) };
}

function readings(w: Wall, { zone }: Context): Reading[] {
  if (w.month < 1 || w.month > 12 || w.day < 1 || w.day > new Date(Date.UTC(w.year, w.month, 0)).getUTCDate())
    return [];
  const placed = place(w, zone);
  const clock = `${String(w.hour).padStart(2, '0')}:${String(w.minute).padStart(2, '0')}`;
  if (placed.kind === 'skipped') return [{ at: placed.at, zone, skipped: clock }];
  if (placed.kind === 'repeated') {
    return [
      { at: placed.at, zone, repeated: true },
      { at: placed.second!, zone, repeated: true },
    ];
  }
  return [{ at: placed.at, zone }];
}

/** Walks the words; undefined when one of them fits nowhere. */
function scan(tokens: string[], context: Context, words: Words): Found | undefined {
  const today = wall(context.now, context.zone);
  const found: Found = { days: [], times: [] };
  let following = false;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const next = tokens[i + 1] ?? '';
    if (words.at.test(token)) continue;
    if (words.following.test(token)) {
      following = true;
      continue;
    }
    if (words.noon.test(token)) found.times = [{ hour: 12, minute: 0 }];
    else if (words.midnight.test(token)) found.times = [{ hour: 0, minute: 0 }];
    else if (token in words.day) found.days = [addDays(today, words.day[token]!)];
    else if (nameIn(words.weekdays, token) >= 0)
      found.days = onWeekday(today, nameIn(words.weekdays, token) + 1, following);
    else if (nameIn(words.months, token) >= 0 && /^\d{1,2}(st|nd|rd|th|\.)?$/.test(next)) {
      found.days = [inYear(today, nameIn(words.months, token) + 1, parseInt(next, 10), tokens[i + 2])];
      i += /^\d{4}$/.test(tokens[i + 2] ?? '') ? 2 : 1;
    } else if (/^\d{1,2}(st|nd|rd|th|\.)?$/.test(token) && nameIn(words.months, next) >= 0) {
      found.days = [inYear(today, nameIn(words.months, next) + 1, parseInt(token, 10), tokens[i + 2])];
      i += /^\d{4}$/.test(tokens[i + 2] ?? '') ? 2 : 1;
    } else {
      const days = numericDays(token, today);
      if (days) {
        found.days = days;
        continue;
      }
      const half = /^[ap]\.?m\.?$/.test(next) ? next[0]! : '';
      const times = readTime(token + half, context);
      if (!times || found.times.length) return undefined;
      found.times = times;
      if (half) i++;
    }
  }
  return found;
}

const nameIn = (names: string[], token: string): number => {
  const bare = token.replace(/\.$/, '');
  return bare.length >= 3 ? names.findIndex((name) => name.startsWith(bare)) : -1;
};

/** "fri" is the coming one; "next fri" may be that or the one a week later. */
function onWeekday(today: Wall, weekday: number, following: boolean): Day[] {
  const ahead = (weekday - weekdayOf(today) + 7) % 7;
  if (!following) return ahead === 0 ? [today, addDays(today, 7)] : [addDays(today, ahead)];
  const first = ahead || 7;
  return [addDays(today, first), addDays(today, first + 7)];
}

function inYear(today: Wall, month: number, day: number, year: string | undefined): Day {
  if (year && /^\d{4}$/.test(year)) return { year: Number(year), month, day };
  const over = month < today.month || (month === today.month && day < today.day);
  return { year: today.year + (over ? 1 : 0), month, day };
}

/** 2026-12-25, 25.12., 25.12.2026, 25/12 and 12/25: with slashes both orders when both are possible. */
function numericDays(token: string, today: Wall): Day[] | undefined {
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(token);
  if (iso) return [{ year: Number(iso[1]), month: Number(iso[2]), day: Number(iso[3]) }];
  const dotted = /^(\d{1,2})\.(\d{1,2})\.(\d{4})?$/.exec(token);
  if (dotted) return [inYear(today, Number(dotted[2]), Number(dotted[1]), dotted[3])];
  const slashed = /^(\d{1,2})\/(\d{1,2})(?:\/(\d{4}))?$/.exec(token);
  if (!slashed) return undefined;
  const [a, b] = [Number(slashed[1]), Number(slashed[2])];
  const orders =
    a === b
      ? [[a, b]]
      : [
          [a, b],
          [b, a],
        ];
  return orders
    .filter(([day, month]) => month! <= 12 && day! <= 31)
    .map(([day, month]) => inYear(today, month!, day!, slashed[3]));
}

function readTime(token: string, context: Context): Found['times'] | undefined {
  const got = /^(\d{1,2})(?:[:.h](\d{2})?)?([ap])?\.?m?\.?$/.exec(token);
  if (!got) return undefined;
  const hour = Number(got[1]);
  const minute = Number(got[2] ?? 0);
  if (minute > 59 || hour > 24 || (hour === 24 && minute > 0)) return undefined;
  if (got[3]) {
    if (hour < 1 || hour > 12) return undefined;
    return [{ hour: (hour % 12) + (got[3] === 'p' ? 12 : 0), minute }];
  }
  if (context.hour12 && hour >= 1 && hour <= 12) {
    return [
      { hour: hour % 12, minute },
      { hour: (hour % 12) + 12, minute },
    ];
  }
  return [{ hour: hour % 24, minute }];
}
