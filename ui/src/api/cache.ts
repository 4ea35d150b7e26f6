/**
 * Reads by key, and what a live change makes stale. A key begins with the workspace, so that leaving a workspace leaves its reads.
 */
import { QueryClient } from '@tanstack/svelte-query';
import { call } from './client';
import { Problem } from './problem';
import type { Change } from './events';

export const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: 600_000,
      refetchOnWindowFocus: 'always',
      retry: (times, error) => {
        const { status } = Problem.of(error);
        return times < 2 && (status === 0 || status >= 502);
      },
    },
  },
});

/** A read: its key, and how to fetch it. */
export const get = <T>(key: unknown[], read: (signal: AbortSignal) => Promise<T>) => ({
  queryKey: key,
  queryFn: ({ signal }: { signal: AbortSignal }) => read(signal),
});

/** The reads of the daily work; rarer ones of an organization and the server are in above.ts. */
export const reads = {
  home: (workspace: string) =>
    get([workspace, 'home'], (signal) => call('GET /workspaces/{workspace}/home', { path: { workspace }, signal })),
  workspace: (workspace: string) =>
    get([workspace, 'workspace'], (signal) => call('GET /workspaces/{workspace}', { path: { workspace }, signal })),
  channels: (workspace: string) =>
    get([workspace, 'channels'], async (signal) => {
      const { items } = await call('GET /workspaces/{workspace}/channels', { path: { workspace }, signal });
      return items;
    }),
  slots: (workspace: string, channel: string, count = 6) =>
    get([workspace, 'slots', channel, count], async (signal) => {
      const { items } = await call('GET /workspaces/{workspace}/channels/{channel}/slots', {
        path: { workspace, channel },
        query: { count },
        signal,
      });
      return items;
    }),
  platforms: () => ({
    ...get(['platforms'], async (signal) => (await call('GET /platforms', { signal })).items),
    staleTime: 3_600_000,
  }),
  post: (workspace: string, post: string) =>
    get([workspace, 'post', post], (signal) =>
      call('GET /workspaces/{workspace}/posts/{post}', { path: { workspace, post }, signal }),
    ),
  delivery: (workspace: string, delivery: string) =>
    get([workspace, 'delivery', delivery], (signal) =>
      call('GET /workspaces/{workspace}/deliveries/{delivery}', { path: { workspace, delivery }, signal }),
    ),
  calendar: (workspace: string, from: string, to: string) =>
    get([workspace, 'calendar', from, to], async (signal) => {
      const { items } = await call('GET /workspaces/{workspace}/calendar', {
        path: { workspace },
        query: { from, to },
        signal,
      });
      return items;
    }),
  asset: (workspace: string, asset: string) =>
    get([workspace, 'asset', asset], (signal) =>
      call('GET /workspaces/{workspace}/media/{asset}', { path: { workspace, asset }, signal }),
    ),
  practice: (workspace: string) =>
    get([workspace, 'practice'], (signal) =>
      call('GET /workspaces/{workspace}/practice', { path: { workspace }, query: {}, signal }),
    ),
  members: (organization: string) =>
    get([organization, 'members'], async (signal) => {
      const { items } = await call('GET /organizations/{organization}/members', { path: { organization }, signal });
      return items;
    }),
  invitations: (organization: string) =>
    get([organization, 'invitations'], async (signal) => {
      const { items } = await call('GET /organizations/{organization}/invitations', { path: { organization }, signal });
      return items;
    }),
  passkeys: () => get(['me', 'passkeys'], async (signal) => (await call('GET /me/passkeys', { signal })).items),
  sessions: () => get(['me', 'sessions'], async (signal) => (await call('GET /me/sessions', { signal })).items),
  grants: (organization: string) =>
    get([organization, 'grants'], (signal) =>
      call('GET /organizations/{organization}/support/grants', {
        path: { organization },
        query: { limit: 50 },
        signal,
      }),
    ),
  grantReads: (organization: string, grant: string) =>
    get([organization, 'grants', grant], async (signal) => {
      const { items } = await call('GET /organizations/{organization}/support/grants/{grant}/reads', {
        path: { organization, grant },
        query: { limit: 50 },
        signal,
      });
      return items;
    }),
  supportPolicy: (organization: string) =>
    get([organization, 'policy'], (signal) =>
      call('GET /organizations/{organization}/support/policy', { path: { organization }, signal }),
    ),
  staff: () => get(['instance', 'staff'], async (signal) => (await call('GET /instance/staff', { signal })).items),
  instance: () => get(['instance', 'health'], (signal) => call('GET /instance', { signal })),
};

const touched: Record<string, (change: Change) => unknown[][]> = {
  delivery: (c) => [
    ['delivery', c.id],
    ...(c.post ? [['post', c.post]] : []),
    ['home'],
    ['calendar'],
    ['posts'],
    ['practice'],
    ['slots'],
    ['notices'],
  ],
  post: (c) => [['post', c.id], ['home'], ['calendar'], ['posts'], ['slots']],
  channel: () => [['channels'], ['slots'], ['home'], ['notices']],
  asset: (c) => [['asset', c.id], ['media']],
  workspace: () => [['workspace'], ['home']],
  grant: () => [['grants'], ['audit']],
  support: () => [['grants'], ['policy'], ['audit']],
  key: () => [['keys'], ['audit']],
  sign_on: () => [['sign-on'], ['audit']],
  recovery: () => [['recoveries'], ['audit']],
  app: () => [['apps'], ['platforms'], ['audit']],
};

/** Marks what a change touched as stale; what is on the screen is read again. Reads already newer than the change stay. */
export function heard(change: Change): void {
  const noun = change.kind.split('.')[0] ?? '';
  const keys = touched[noun === 'media' ? 'asset' : noun]?.(change) ?? [[]];
  for (const key of keys) {
    const full = [change.workspace || change.organization, ...key];
    const held = key.length === 2 ? cache.getQueryData<{ version?: number }>(full) : undefined;
    if (held?.version !== undefined && change.version && held.version >= change.version) continue;
    void cache.invalidateQueries({ queryKey: full });
  }
}

/** The fallback of the live stream: everything of these on the screen is read again. */
export function refresh(...roots: (string | undefined)[]): void {
  for (const root of roots) if (root) void cache.invalidateQueries({ queryKey: [root] });
}
