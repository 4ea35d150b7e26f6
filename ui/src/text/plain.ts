/**
 * The words of a text without its little Markdown, as app/connector/text reads it: **bold**, __bold__, *italic*, _italic_, ~~strike~~,
 * ||spoiler||, `code`, ```pre```, [words](address), backslash escapes. What isn't closed stays as it was written.
 */
import { isSpace, isWord, lastPoint, linkLength } from './spans';

const pairs = ['**', '__', '~~', '||', '*', '_'];
const maxNesting = 8;

/** The plain words. */
export function plain(text: string): string {
  return read(text, 0);
}

function read(text: string, depth: number): string {
  let out = '';
  for (let i = 0; i < text.length;) {
    const special = specialAt(text, i, depth);
    if (special) {
      out += special.words;
      i += special.length;
      continue;
    }
    out += text[i];
    i++;
  }
  return out;
}

interface Special {
  words: string;
  length: number;
}

function specialAt(text: string, i: number, depth: number): Special | undefined {
  const rest = text.slice(i);
  if (rest[0] === '\\' && rest.length > 1 && '\\*_~|`[]()#'.includes(rest[1]!)) return { words: rest[1]!, length: 2 };
  if (rest.startsWith('```')) return pre(rest);
  if (rest[0] === '`') return code(rest);
  if (rest.startsWith('http://') || rest.startsWith('https://')) {
    const n = linkLength(rest);
    return n ? { words: rest.slice(0, n), length: n } : undefined;
  }
  if (depth >= maxNesting) return undefined;
  if (rest[0] === '[') return anchor(rest, depth);
  for (const sign of pairs) {
    const found = rest.startsWith(sign) && pair(text, i, sign, depth);
    if (found) return found;
  }
  return undefined;
}

function pre(rest: string): Special | undefined {
  const end = rest.indexOf('```', 3);
  if (end < 0) return undefined;
  let body = rest.slice(3, end);
  const line = body.indexOf('\n');
  if (line >= 0 && !/[ \t`]/.test(body.slice(0, line))) body = body.slice(line + 1);
  return { words: body.replace(/\n$/, ''), length: end + 3 };
}

function code(rest: string): Special | undefined {
  const end = rest.indexOf('`', 1);
  if (end <= 1 || rest.slice(1, end).includes('\n')) return undefined;
  return { words: rest.slice(1, end), length: end + 1 };
}

function anchor(rest: string, depth: number): Special | undefined {
  const middle = rest.indexOf('](');
  if (middle <= 1 || /[[\n]/.test(rest.slice(1, middle))) return undefined;
  const target = rest.slice(middle + 2);
  let n = linkLength(target);
  if (!n) return undefined;
  while (n < target.length && target[n] !== ')' && !isSpace(target[n]!)) n++;
  if (target[n] !== ')') return undefined;
  return { words: read(rest.slice(1, middle), depth + 1), length: middle + 2 + n + 1 };
}

/** sign…sign: the first is followed and the last preceded by no space; _ doesn't work inside a word. */
function pair(text: string, i: number, sign: string, depth: number): Special | undefined {
  const from = i + sign.length;
  const first = text.codePointAt(from);
  if (
    first === undefined ||
    isSpace(String.fromCodePoint(first)) ||
    (sign[0] === '_' && isWord(lastPoint(text.slice(0, i))))
  )
    return undefined;
  for (let search = from + 1; search < text.length;) {
    const end = text.indexOf(sign, search);
    if (end < 0) return undefined;
    const after = text.slice(end + sign.length);
    const next = after.codePointAt(0);
    const single = sign.length === 1 && (after.startsWith(sign) || text[end - 1] === sign[0]);
    const inWord = sign[0] === '_' && next !== undefined && isWord(String.fromCodePoint(next));
    if (single || isSpace(lastPoint(text.slice(0, end))) || inWord || text.slice(from, end).includes('\n\n')) {
      search = end + 1;
      continue;
    }
    return { words: read(text.slice(from, end), depth + 1), length: end + sign.length - i };
  }
  return undefined;
}
