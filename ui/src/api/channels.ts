/** Channels by id, for the many places that show a post's channels. */
import type { Channel } from './types';

export interface ChannelName {
  id: string;
  platform: string;
  name: string;
}

/** Names and platforms of a post's channels; one that was disconnected meanwhile keeps its place. */
export function namesOf(ids: string[], channels: Channel[] | undefined): ChannelName[] {
  return ids.map((id) => {
    const found = channels?.find((one) => one.id === id);
    return { id, platform: found?.platform ?? '', name: found ? found.handle || found.name : id };
  });
}
