/** Reads of connecting a channel: nothing else needs them. */
import { get } from './cache';
import { call } from './client';

/** Key and how to fetch it, as in cache.ts. */
export const connecting = {
  /** The platforms, as the organization's own apps make them ready; an administrator may enter one at any time. */
  platforms: (organization: string | undefined) =>
    get([organization ?? '', 'platforms'], async (signal) => {
      const { items } = await call('GET /platforms', { query: organization ? { organization } : {}, signal });
      return items;
    }),
  /** What a sign-in that came back lets one choose from. */
  targets: (workspace: string, arrival: string) =>
    get([workspace, 'choose', arrival], (signal) =>
      call('GET /workspaces/{workspace}/channels/choose/{arrival}', { path: { workspace, arrival }, signal }),
    ),
};
