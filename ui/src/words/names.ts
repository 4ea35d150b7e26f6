/** What a channel is called where there is little room: by its platform, or by its own name where a platform has several. */
import type { Channel } from '../api/types';
import { maybe } from './words.svelte';

/** The short name of a channel among its neighbours. */
export function shortName(channel: Channel | undefined, all: Channel[] | undefined): string {
  if (!channel) return '';
  const alone = (all ?? []).filter((one) => one.platform === channel.platform).length < 2;
  return alone ? (maybe(`platform.${channel.platform}`) ?? channel.name) : channel.handle || channel.name;
}
