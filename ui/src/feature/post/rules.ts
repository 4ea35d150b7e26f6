/** What can be said about a post while typing, from the platforms' own declarations. The server's check stays the judge. */
import type {
  AltTextRule,
  Asset,
  Channel,
  CheckProblem,
  MediaRef,
  Platform,
  PostKind,
  Segment,
  TextRule,
} from '../../api/types';
import { lengthOf } from '../../text/count';
import { t } from '../../words/words.svelte';
import type { Content } from './body';

export interface PostProblem extends Omit<CheckProblem, 'field' | 'part'> {
  channel: string;
  field?: string;
  /** 0 is the first part. */
  part?: number;
  /** Said by us: it goes on after the channel's name. The server's are whole sentences. */
  ours?: boolean;
}

export interface Part {
  text: string;
  media: MediaRef[];
}

/** The parts of a post as one channel has them: each field of each part its own or the base's. */
export function partsFor(content: Content, channel: string): Part[] {
  const own = content.variants[channel] ?? {};
  const base = [{ text: content.text, media: content.media }, ...content.segments];
  const over: Segment[] = [{ text: own.text, media: own.media } as Segment, ...(own.segments ?? [])];
  return Array.from({ length: Math.max(base.length, over.length) }, (_, i) => ({
    text: over[i]?.text ?? base[i]?.text ?? '',
    media: over[i]?.media ?? base[i]?.media ?? [],
  }));
}

/** Whether a platform takes parts as a thread; the others get one post of all parts. */
export function threads(platform: Platform | undefined): boolean {
  return platform?.kinds.some((kind) => kind.roles.includes('reply')) ?? false;
}

/** The parts as the platform gets them. */
export function sentParts(content: Content, channel: string, platform: Platform | undefined): Part[] {
  const parts = partsFor(content, channel);
  if (threads(platform) || parts.length < 2) return parts;
  return [
    {
      text: parts
        .map((one) => one.text)
        .filter(Boolean)
        .join('\n\n'),
      media: parts.flatMap((one) => one.media),
    },
  ];
}

const roleOf = (part: number) => (part === 0 ? 'post' : 'reply');

/** The kind that a part would be sent as: the first that takes its media, else the one nearest to it. */
export function kindFor(platform: Platform | undefined, part: number, media: MediaRef[]): PostKind | undefined {
  const kinds = (platform?.kinds ?? []).filter((kind) => kind.roles.includes(roleOf(part)));
  return (
    kinds.find((kind) => media.length >= kind.min_media && media.length <= (kind.max_media || Infinity)) ?? kinds[0]
  );
}

/** A number of the rule, or what this channel's own server says. */
export function limitOf(rule: TextRule | undefined, channel: Channel | undefined): number {
  return (rule?.max_fact && channel?.facts?.[rule.max_fact]) || (rule?.max ?? 0);
}

/** What a link counts in this channel. */
export function linkOf(rule: TextRule, channel: Channel | undefined): number {
  return (rule.link_fact && channel?.facts?.[rule.link_fact]) || (rule.link ?? 0);
}

export interface Measure {
  length: number;
  limit: number;
  left: number;
  rule: TextRule;
  link: number;
}

/** How long a part is for a channel; undefined where the platform sets no limit. */
export function measure(text: string, kind: PostKind | undefined, channel: Channel | undefined): Measure | undefined {
  const rule = kind?.text;
  const limit = limitOf(rule, channel);
  if (!rule || !limit) return undefined;
  const link = linkOf(rule, channel);
  const length = lengthOf(rule.count, text, link);
  return { length, limit, left: limit - length, rule, link };
}

interface Known {
  channels: Channel[];
  platforms: Platform[];
  assets: Record<string, Asset | undefined>;
  altText: AltTextRule;
}

/** The local problems of a post, blockers first. */
export function localProblems(content: Content, known: Known): PostProblem[] {
  const found: PostProblem[] = [];
  for (const id of content.channels) {
    const channel = known.channels.find((one) => one.id === id);
    const platform = known.platforms.find((one) => one.id === channel?.platform);
    if (!channel || !platform) continue;
    const parts = sentParts(content, id, platform);
    const whole = platform.kinds.some((one) => one.text.optional && one.roles.includes('post'));
    if (!whole && parts.every((one) => !one.text.trim() && !one.media.length)) {
      found.push({
        channel: id,
        ours: true,
        code: 'post_empty',
        message: t('check.empty'),
        severity: 'block',
        part: 0,
        field: 'text',
      });
      continue;
    }
    if (content.segments.length && !threads(platform)) {
      found.push({
        channel: id,
        ours: true,
        code: 'joined',
        message: t('check.joined'),
        severity: 'note',
        part: 1,
        field: 'text',
      });
    }
    parts.forEach((one, part) => found.push(...partProblems(id, part, one, { channel, platform, known })));
    if (channel.state === 'reconnect') {
      found.push({
        channel: id,
        ours: true,
        code: 'channel_reconnect',
        message: t('check.reconnect'),
        severity: 'warn',
        fix: 'reconnect',
      });
    }
  }
  return found;
}

function partProblems(
  id: string,
  part: number,
  one: Part,
  { channel, platform, known }: { channel: Channel; platform: Platform; known: Known },
): PostProblem[] {
  const found: PostProblem[] = [];
  const kind = kindFor(platform, part, one.media);
  const measured = measure(one.text, kind, channel);
  if (measured && measured.left < 0) {
    found.push({
      channel: id,
      ours: true,
      part,
      code: 'text_too_long',
      field: 'text',
      message: t('check.over', { n: -measured.left, limit: measured.limit }),
      severity: 'block',
      fix: 'cut',
    });
  }
  if (kind && kind.max_media && one.media.length > kind.max_media) {
    const most = Math.max(
      ...platform.kinds.map(
        (other) => (other.max_media_fact && channel.facts?.[other.max_media_fact]) || other.max_media,
      ),
    );
    if (one.media.length > most && platform.kinds.every((other) => other.max_media)) {
      found.push({
        channel: id,
        ours: true,
        part,
        code: 'media_too_many',
        field: 'media',
        message: t('check.media', { n: one.media.length, most }),
        severity: 'block',
      });
    }
  }
  const least = Math.min(
    ...platform.kinds.filter((other) => other.roles.includes('post')).map((other) => other.min_media),
  );
  if (part === 0 && least > 0 && !one.media.length) {
    found.push({
      channel: id,
      ours: true,
      part,
      code: 'media_missing',
      field: 'media',
      message: t('check.needsMedia'),
      severity: 'block',
    });
  }
  if (known.altText !== 'optional') {
    one.media.forEach((ref, i) => {
      const asset = known.assets[ref.asset];
      if (ref.alt?.trim() || asset?.alt?.trim() || (asset && !['image', 'gif'].includes(asset.kind ?? ''))) return;
      found.push({
        channel: id,
        ours: true,
        part,
        code: 'alt_missing',
        field: `media.${i}.alt`,
        message: t('check.alt', { n: i + 1 }),
        severity: known.altText === 'required' ? 'block' : 'warn',
        fix: 'alt',
      });
    });
  }
  return found;
}

const weight = { block: 0, warn: 1, note: 2 };

/** Local and server problems as one list: each said once, blockers first, the same alt text not once a channel. */
export function together(local: PostProblem[], server: PostProblem[]): PostProblem[] {
  const all: PostProblem[] = [];
  for (const one of [...local, ...server]) {
    const field = one.field ?? '';
    const known = all.some(
      (other) =>
        other.code === one.code &&
        (other.part ?? 0) === (one.part ?? 0) &&
        (other.channel === one.channel || one.code === 'alt_missing') &&
        (other.field ?? '') === field,
    );
    if (!known) all.push(one);
  }
  return all.sort((a, b) => weight[a.severity] - weight[b.severity]);
}
