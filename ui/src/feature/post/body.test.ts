import { describe, expect, it } from 'vitest';
import { contentOf, differences, isEmpty, merge, nothing, type Content } from './body';

const aPost = (more: Partial<Content> = {}): Content => ({
  ...nothing(),
  text: 'Winter sale',
  channels: ['chn_a'],
  ...more,
});

describe('two people change one post', () => {
  it('different fields come together without a question', () => {
    const base = aPost();
    const { merged, both } = merge(base, aPost({ text: 'Winter sale, now' }), aPost({ labels: ['sale'] }));
    expect(both).toEqual([]);
    expect(merged).toEqual(aPost({ text: 'Winter sale, now', labels: ['sale'] }));
  });
  it('the same field is named, and ours stands in the merge until somebody decides', () => {
    const { merged, both } = merge(aPost(), aPost({ text: 'mine' }), aPost({ text: 'theirs' }));
    expect(both).toEqual(['text']);
    expect(merged.text).toBe('mine');
  });
  it('the same change on both sides is no conflict', () => {
    expect(merge(aPost(), aPost({ text: 'same' }), aPost({ text: 'same' })).both).toEqual([]);
  });
  it('variants of different channels, and different fields of one variant, are apart', () => {
    const base = aPost({ variants: { chn_a: { text: 'one' } } });
    const mine = aPost({ variants: { chn_a: { text: 'two' } } });
    const theirs = aPost({ variants: { chn_a: { text: 'one', first_comment: 'hi' }, chn_b: { text: 'b' } } });
    const { merged, both } = merge(base, mine, theirs);
    expect(both).toEqual([]);
    expect(merged.variants).toEqual({ chn_a: { text: 'two', first_comment: 'hi' }, chn_b: { text: 'b' } });
  });
  it('a variant that we took back stays away', () => {
    const base = aPost({ variants: { chn_a: { text: 'one' } } });
    const { merged } = merge(base, aPost(), aPost({ text: 'theirs', variants: { chn_a: { text: 'one' } } }));
    expect(merged.variants).toEqual({});
    expect(merged.text).toBe('theirs');
  });
  it('a variant emptied to follow the base again differs from an empty text', () => {
    const own = aPost({ variants: { chn_a: { text: '' } } });
    expect(differences(aPost(), own)).toEqual(['variants.chn_a.text']);
  });
});

describe('what is kept', () => {
  it('an empty draft is none', () => {
    expect(isEmpty(nothing())).toBe(true);
    expect(isEmpty(aPost({ text: ' \n ' }))).toBe(true);
    expect(isEmpty(aPost())).toBe(false);
    expect(isEmpty(aPost({ text: '', media: [{ asset: 'ast_1' }] }))).toBe(false);
  });
  it('leaves out what the API does not take', () => {
    const post = { text: 'a', channels: ['c'], variants: { c: {} }, status: 'draft' } as never;
    expect(contentOf(post)).toEqual({ ...nothing(), text: 'a', channels: ['c'] });
  });
});
