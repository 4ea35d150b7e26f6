import { describe, expect, it } from 'vitest';
import type { Channel, Platform } from '../../api/types';
import { nothing, type Content } from './body';
import { localProblems } from './rules';

const platform = (optional: boolean): Platform =>
  ({
    id: 'reddit',
    kinds: [
      {
        id: 'text',
        roles: ['post'],
        min_media: 0,
        max_media: 0,
        media: [],
        text: { count: 'runes', max: 40_000, markup: 'markdown', must: false, optional },
      },
    ],
  }) as unknown as Platform;

const channel = { id: 'chn_a', platform: 'reddit', state: 'active' } as unknown as Channel;
const post: Content = { ...nothing(), channels: ['chn_a'] };
const codes = (optional: boolean): string[] =>
  localProblems(post, { channels: [channel], platforms: [platform(optional)], assets: {}, altText: 'warn' }).map(
    (one) => one.code,
  );

describe('a post without words and files', () => {
  it('is empty', () => expect(codes(false)).toEqual(['post_empty']));
  it('is whole where its settings can hold the rest, like a title', () => expect(codes(true)).toEqual([]));
});
