/** What can be said of a channel's access in one line: what we hold, until when, and who has to do something. */
import type { Channel } from '../../api/types';
import { day, list } from '../../words/dates';
import { t, type Key } from '../../words/words.svelte';

export type Tone = 'fine' | 'review' | 'attention' | 'paused';

export interface AccessLine {
  words: string;
  tone: Tone;
}

/** Days before the end from which on somebody should act. */
export const soon = 14;

/** Whole days until somebody must connect again; nothing while it renews itself or has no known end. */
export function endsIn(channel: Channel): number | undefined {
  const { ends_at, renews_at, days_left } = channel.access;
  return ends_at && !renews_at ? (days_left ?? 0) : undefined;
}

/** Whether access ends within two weeks unless somebody connects again. */
export function endsSoon(channel: Channel): boolean {
  const days = endsIn(channel);
  return channel.state !== 'reconnect' && days !== undefined && days < soon;
}

/** The sentence about a channel's access. */
export function accessLine(channel: Channel, zone: string, now: Date): AccessLine {
  if (channel.state === 'reconnect') return { words: t('channel.toReconnect'), tone: 'attention' };
  if (channel.state === 'paused') return { words: t('channel.paused'), tone: 'paused' };
  const { kind, ends_at, renews_at } = channel.access;
  const held = t(`access.${kind}` as Key);
  if (!ends_at) return { words: held, tone: 'fine' };
  if (renews_at) return { words: t('access.renews', { held, day: day(renews_at, zone) }), tone: 'fine' };
  if (new Date(ends_at) <= now) return { words: t('access.ended'), tone: 'attention' };
  const days = endsIn(channel)!;
  if (days < soon) return { words: t('access.ends', { n: days }), tone: days < 3 ? 'attention' : 'review' };
  return { words: t('access.until', { held, day: day(ends_at, zone) }), tone: 'fine' };
}

/** The sentence about rights that weren't granted. */
export function missingLine(channel: Channel): string | undefined {
  const missing = channel.access.missing_scopes ?? [];
  return missing.length ? t('access.missing', { list: list(missing) }) : undefined;
}

/** Channels as they need somebody: to be connected again, then by how soon their access ends, then as they were. */
export function byNeed(channels: Channel[]): Channel[] {
  const weight = (one: Channel) => (one.state === 'reconnect' ? -1 : endsSoon(one) ? endsIn(one)! : Infinity);
  return [...channels].sort((a, b) => (weight(a) === weight(b) ? 0 : weight(a) - weight(b)));
}
