/**
 * How long a platform finds a text: the same kinds and the same answers as app/connector/text; both pass
 * app/connector/text/testdata/vectors.json. The server's check stays the judge, this one answers while typing.
 */
import { withBare } from './bare';
import { plain } from './plain';
import { findSpans } from './spans';

export type Count =
  'runes' | 'utf16' | 'bytes' | 'graphemes' | 'mastodon' | 'weighted' | 'emoji_bytes' | 'parsed' | 'wire';

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
const encoder = new TextEncoder();

/** The length of a text; a link counts reserve whatever its own length, 0 counts it as it stands. */
export function lengthOf(count: string, text: string, reserve = 0): number {
  if (count === 'parsed') text = plain(text);
  if (reserve > 0 || count === 'mastodon') text = countable(count, text, reserve);
  switch (count) {
    case 'utf16':
    case 'parsed':
      return text.length;
    case 'bytes':
    case 'wire':
      return encoder.encode(text).length;
    case 'graphemes':
    case 'mastodon':
      return clusters(text).length;
    case 'weighted':
      return Math.ceil(weighted(text) / 100);
    case 'emoji_bytes':
      return emojiBytes(text);
    default:
      return points(text);
  }
}

/** The text in grapheme clusters: what a person calls a character. */
export function clusters(text: string): string[] {
  // Plain ASCII needs no segmenter, and most typing is that.
  if (/^[\x20-\x7e\n\t]*$/.test(text)) return text.split('');
  return Array.from(segmenter.segment(text), (one) => one.segment);
}

/** Each link as long as the platform finds it, and mentions without their host where that isn't counted. */
function countable(count: string, text: string, reserve: number): string {
  let out = '';
  let at = 0;
  const spans = findSpans(text);
  for (const span of count === 'weighted' ? withBare(text, spans) : spans) {
    out += text.slice(at, span.start);
    at = span.end;
    if (span.kind === 'link' && reserve > 0) out += 'x'.repeat(reserve);
    else if (span.kind === 'mention' && count === 'mastodon') out += `@${span.value.split('@')[0]}`;
    else out += text.slice(span.start, span.end);
  }
  return out + text.slice(at);
}

function points(text: string): number {
  let n = 0;
  for (const _ of text) n++;
  return n;
}

/** In hundredths. Ranges of weight 100 by twitter-text's configuration 3. */
function weighted(text: string): number {
  let n = 0;
  for (const cluster of clusters(text.normalize('NFC'))) {
    if (isEmoji(cluster)) {
      n += 200;
      continue;
    }
    for (const point of cluster) {
      const r = point.codePointAt(0)!;
      const light = r <= 4351 || (r >= 8192 && r <= 8205) || (r >= 8208 && r <= 8223) || (r >= 8242 && r <= 8247);
      n += light ? 100 : 200;
    }
  }
  return n;
}

function emojiBytes(text: string): number {
  let n = 0;
  for (const cluster of clusters(text)) n += isEmoji(cluster) ? encoder.encode(cluster).length : points(cluster);
  return n;
}

const presented = /^\p{Emoji_Presentation}$/u;
const pictographic = /^\p{Extended_Pictographic}$/u;
const flagHalf = /^[\u{1f1e6}-\u{1f1ff}]$/u;

/** Whether a cluster is shown as an emoji. */
export function isEmoji(cluster: string): boolean {
  if (/^[\x20-\x7e]$/.test(cluster)) return false;
  const all = [...cluster];
  return all.some((point, i) => {
    const next = all[i + 1] ?? '';
    if (presented.test(point) && !flagHalf.test(point)) return true;
    return (
      point === '\u20e3' ||
      (next === '\ufe0f' && pictographic.test(point)) ||
      (flagHalf.test(point) && flagHalf.test(next))
    );
  });
}

/** The longest beginning that counts at most limit, cut between clusters and, where one is near, at a space. */
export function cut(count: string, text: string, limit: number, reserve = 0): string {
  if (lengthOf(count, text, reserve) <= limit) return text;
  const end = fitting(count, text, limit, reserve);
  let kept = text.slice(0, end);
  const space = Math.max(kept.lastIndexOf(' '), kept.lastIndexOf('\n'), kept.lastIndexOf('\t'));
  if (space > kept.length - 40 && space > 0) kept = kept.slice(0, space);
  return kept.replace(/[ \n\t]+$/, '');
}

/** Where the part over the limit begins, in UTF-16 units; the end of the text when nothing is over. */
export function fitting(count: string, text: string, limit: number, reserve = 0): number {
  if (lengthOf(count, text, reserve) <= limit) return text.length;
  const ends: number[] = [];
  let at = 0;
  for (const cluster of clusters(text)) ends.push((at += cluster.length));
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = Math.floor((low + high + 1) / 2);
    if (lengthOf(count, text.slice(0, ends[middle - 1]), reserve) <= limit) low = middle;
    else high = middle - 1;
  }
  return low ? ends[low - 1]! : 0;
}

/** Splits a text into parts that fit, at paragraphs, then sentences, then words. */
export function split(count: string, text: string, limit: number, reserve = 0): string[] {
  const parts: string[] = [];
  let rest = text.trim();
  while (rest && lengthOf(count, rest, reserve) > limit) {
    const most = rest.slice(0, fitting(count, rest, limit, reserve));
    const at = [/\n\s*\n(?![\s\S]*\n\s*\n)/, /[.!?。！？]\s(?![\s\S]*[.!?。！？]\s)/, /\s(?![\s\S]*\s)/]
      .map((border, i) => {
        const found = border.exec(most);
        return found ? found.index + (i === 1 ? 1 : 0) : -1;
      })
      .find((index) => index > most.length / 3);
    const end = at ?? most.length;
    if (end <= 0) break;
    parts.push(rest.slice(0, end).trim());
    rest = rest.slice(end).trim();
  }
  if (rest) parts.push(rest);
  return parts;
}
