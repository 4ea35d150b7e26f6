/**
 * Links, mentions and tags in a text, found the way the server finds them (app/connector/text): by scanning, because regular
 * expressions of the two languages differ and both must agree to the letter. Offsets are UTF-16 units.
 */
export interface Span {
  kind: 'link' | 'mention' | 'tag';
  /** The address; the handle without its first @; the tag without #. */
  value: string;
  start: number;
  end: number;
}

const word = /[\p{L}\p{Nd}\p{Mn}_]/u;
const digit = /\p{Nd}/u;
const spacing = /\p{Mc}/u;
const space = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const control = /\p{Cc}/u;
const letterOrDigit = /[\p{L}\p{Nd}]/u;
const stops = '<>"`{}|\\^、。，！？；：「」『』（）【】《》〈〉“”„«»…';

/** The spans of a text in order; they don't overlap. */
export function findSpans(text: string): Span[] {
  const found: Span[] = [];
  let before = '';
  for (let at = 0; at < text.length;) {
    const span = spanAt(text, at, before);
    if (span) {
      found.push(span);
      at = span.end;
      before = lastPoint(text.slice(0, at));
      continue;
    }
    before = pointAt(text, at);
    at += before.length;
  }
  return found;
}

const pointAt = (text: string, at: number): string => String.fromCodePoint(text.codePointAt(at)!);

/** The last code point of a text, empty for none. */
export function lastPoint(text: string): string {
  const last = text.at(-1) ?? '';
  return /[\udc00-\udfff]/.test(last) && text.length > 1 ? text.slice(-2) : last;
}

/** Whether a code point belongs to a word. */
export function isWord(point: string): boolean {
  return point !== '' && word.test(point);
}

/** Whether a code point is white space, as the server sees it. */
export function isSpace(point: string): boolean {
  return space.test(point);
}

function spanAt(text: string, at: number, before: string): Span | undefined {
  if (before && (isWord(before) || '@#/&'.includes(before))) return undefined;
  const rest = text.slice(at);
  const first = rest[0]!;
  const [kind, length]: [Span['kind'], number] =
    first === 'h' || first === 'H'
      ? ['link', linkLength(rest)]
      : first === '@'
        ? ['mention', mentionLength(rest)]
        : first === '#'
          ? ['tag', tagLength(rest)]
          : ['tag', 0];
  if (!length) return undefined;
  const value = rest.slice(kind === 'link' ? 0 : 1, length);
  return { kind, value, start: at, end: at + length };
}

/** The length of the link at the beginning of a text, 0 if there is none. */
export function linkLength(text: string): number {
  const scheme = /^https?:\/\//i.exec(text)?.[0].length ?? 0;
  if (!scheme || text.length <= scheme) return 0;
  let end = scheme;
  while (end < text.length) {
    const point = pointAt(text, end);
    if (
      isSpace(point) ||
      control.test(point) ||
      point === '\ufffd' ||
      /^[\ud800-\udfff]$/.test(point) ||
      stops.includes(point)
    )
      break;
    end += point.length;
  }
  end = trimLink(text, scheme, end);
  if (end <= scheme) return 0;
  const first = pointAt(text, scheme);
  return first === '[' || letterOrDigit.test(first) ? end : 0;
}

/** Leaves out the sentence's own punctuation and a closing bracket that was opened before the link. */
function trimLink(text: string, from: number, end: number): number {
  const count = (sign: string) => text.slice(from, end).split(sign).length - 1;
  while (end > from) {
    const last = text[end - 1]!;
    const open = last === ')' ? '(' : last === ']' ? '[' : '';
    if (".,;:!?'*_~".includes(last) || (open && count(open) < count(last))) end--;
    else break;
  }
  return end;
}

/** Reads @name, @name.example.org and @name@example.org. */
function mentionLength(text: string): number {
  const name = nameLength(text.slice(1));
  if (!name) return 0;
  let end = 1 + name;
  if (text[end] === '@') {
    const host = nameLength(text.slice(end + 1));
    if (host && text.slice(end + 1, end + 1 + host).includes('.')) end += 1 + host;
  }
  return end;
}

/** Letters, digits, _ . - that neither begin nor end with a dot or hyphen. */
function nameLength(text: string): number {
  let end = 0;
  for (let i = 0; i < text.length; i++) {
    const sign = text[i]!;
    if (/[A-Za-z0-9_]/.test(sign)) end = i + 1;
    else if (!((sign === '.' || sign === '-') && i > 0)) break;
  }
  return end;
}

/** # and letters, digits, marks, _ with at least one that is no digit. */
function tagLength(text: string): number {
  let end = 1;
  let letters = false;
  while (end < text.length) {
    const point = pointAt(text, end);
    if (!isWord(point) && !spacing.test(point)) break;
    letters ||= !digit.test(point);
    end += point.length;
  }
  return letters ? end : 0;
}
