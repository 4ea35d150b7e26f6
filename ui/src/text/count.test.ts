import { describe, expect, it } from 'vitest';
import known from '../../../app/connector/text/testdata/vectors.json';
import { cut, fitting, lengthOf, split } from './count';
import { findSpans } from './spans';

interface Vector {
  name: string;
  count: string;
  link_reserve?: number;
  text: string;
  length: number;
}

const vectors: Vector[] = known;

describe('lengths are those that the server counts', () => {
  it('knows enough of them', () => expect(vectors.length).toBeGreaterThan(200));
  for (const v of vectors) {
    it(v.name, () => expect(lengthOf(v.count, v.text, v.link_reserve)).toBe(v.length));
  }
});

describe('the part over the limit', () => {
  it('begins between clusters, never inside one', () => {
    expect(fitting('graphemes', 'ab👨‍👩‍👧c', 3)).toBe('ab👨‍👩‍👧'.length);
    expect(fitting('graphemes', 'ab👨‍👩‍👧c', 2)).toBe(2);
  });
  it('is nothing when the text fits', () => expect(fitting('runes', 'abc', 3)).toBe(3));
  it('is cut at a word when one is near', () => expect(cut('runes', 'one two three', 9)).toBe('one two'));
});

describe('splitting into parts', () => {
  it('never makes a part that is over', () => {
    const text = 'First sentence here. Second one follows!\n\nA new paragraph with some more words in it, and an end.';
    const parts = split('graphemes', text, 40);
    for (const part of parts) expect(lengthOf('graphemes', part)).toBeLessThanOrEqual(40);
    expect(parts.join(' ').replace(/\s+/g, ' ')).toBe(text.replace(/\s+/g, ' '));
  });
  it('splits a single long word', () =>
    expect(split('runes', 'a'.repeat(25), 10).map((p) => p.length)).toEqual([10, 10, 5]));
});

describe('spans', () => {
  it('finds links, mentions and tags', () => {
    const found = findSpans('See https://a.example/x, @mira.example and #wool (or mail a@b.example).');
    expect(found.map((s) => [s.kind, s.value])).toEqual([
      ['link', 'https://a.example/x'],
      ['mention', 'mira.example'],
      ['tag', 'wool'],
    ]);
  });
});
