/** What the bell says: which notices still need a person, which are only news, and which this device has shown already. */
import { get } from '../api/cache';
import { call } from '../api/client';
import type { Channel, NoticeRow } from '../api/types';

/** The newest notices of a workspace; a week is kept. */
export const noticesOf = (workspace: string) =>
  get([workspace, 'notices'], async (signal) => {
    const { items } = await call('GET /workspaces/{workspace}/notices', {
      path: { workspace },
      query: { limit: 30 },
      signal,
    });
    return items;
  });

export interface Told extends NoticeRow {
  /** Where it is solved. */
  href: string;
}

/** Where a notice leads: to its delivery, its channel, or the workspace. */
export function hrefOf(workspace: string, { kind, id, post }: NoticeRow): string {
  if (kind.startsWith('delivery.')) return `/w/${workspace}/deliveries/${id}`;
  if (kind.startsWith('channel.')) return `/w/${workspace}/channels/${id}`;
  return post ? `/w/${workspace}/posts/${post}` : `/w/${workspace}`;
}

/** Channels whose access is lost, or ends soon with nobody but a person to renew it. */
const needed = (channel: Channel | undefined): boolean =>
  !!channel &&
  (channel.state === 'reconnect' ||
    (!!channel.access.ends_at && !channel.access.renews_at && (channel.access.days_left ?? 0) < 14));

/**
 * Notices as the bell shows them. What the deliveries that need somebody say themselves isn't said again; of what was said several
 * times about one thing the newest counts; a channel needs somebody only as long as it is true.
 */
export function sorted(
  workspace: string,
  notices: NoticeRow[],
  shown: Set<string>,
  channels: Channel[],
): { needs: Told[]; lately: Told[] } {
  const seen = new Set(shown);
  const told: Told[] = [];
  for (const one of notices) {
    if (seen.has(one.id)) continue;
    seen.add(one.id);
    told.push({ ...one, href: hrefOf(workspace, one) });
  }
  const waits = (one: Told) =>
    one.kind.startsWith('channel.') && needed(channels.find((channel) => channel.id === one.id));
  return { needs: told.filter(waits), lately: told.filter((one) => !waits(one)) };
}

/** How many came after the last look. */
export function unread(notices: NoticeRow[], seen: string | undefined): number {
  return notices.filter((one) => !seen || new Date(one.at) > new Date(seen)).length;
}
