/** The apps of a server, or of one organization: reads, acts, and how one stands. */
import { above } from '../../api/above';
import { cache } from '../../api/cache';
import { call } from '../../api/client';
import type { App } from '../../api/types';

/** Whose apps: an organization's, or the server's where it is undefined. */
export type Owner = string | undefined;

/** The page of one app, or of all. */
export const pathOf = (owner: Owner, platform = '') =>
  `${owner ? `/o/${owner}` : '/admin'}/platforms${platform && `/${platform}`}`;

/** Enters an app; a secret that is left out stays. */
export function enter(owner: Owner, platform: string, fields: Record<string, string>): Promise<App> {
  return held(
    owner,
    owner
      ? call('PUT /organizations/{organization}/platforms/{platform}', {
          path: { organization: owner, platform },
          body: { fields },
        })
      : call('PUT /instance/platforms/{platform}', { path: { platform }, body: { fields } }),
  );
}

/** Asks the platform, and the server's own address. */
export function test(owner: Owner, platform: string): Promise<App> {
  return held(
    owner,
    owner
      ? call('POST /organizations/{organization}/platforms/{platform}/test', {
          path: { organization: owner, platform },
        })
      : call('POST /instance/platforms/{platform}/test', { path: { platform } }),
  );
}

/** Removes what was entered here. */
export async function remove(owner: Owner, platform: string): Promise<void> {
  await (owner
    ? call('DELETE /organizations/{organization}/platforms/{platform}', { path: { organization: owner, platform } })
    : call('DELETE /instance/platforms/{platform}', { path: { platform } }));
  await cache.invalidateQueries({ queryKey: above.apps(owner).queryKey });
  stale();
}

async function held(owner: Owner, answer: Promise<App>): Promise<App> {
  const app = await answer;
  cache.setQueryData<App[]>(above.apps(owner).queryKey, (list) =>
    list?.map((one) => (one.platform === app.platform ? app : one)),
  );
  stale();
  return app;
}

/** What can be connected depends on the apps. */
function stale(): void {
  void cache.invalidateQueries({ predicate: ({ queryKey }) => queryKey.includes('platforms') });
}

/** How an app stands, in one word: the state, told apart by where the app comes from. */
export function standing(app: App, owner: Owner): string {
  if (owner && app.from !== 'organization' && app.from !== 'none') return 'shared';
  if (app.from === 'configuration') return 'configured';
  return app.state;
}

/** The two groups of the list, each by name. */
export function grouped(apps: App[]): { needed: App[]; free: App[] } {
  const sorted = [...apps].sort((a, b) => a.label.localeCompare(b.label));
  return {
    needed: sorted.filter((one) => one.state !== 'not_needed'),
    free: sorted.filter((one) => one.state === 'not_needed'),
  };
}

const drafts = (owner: Owner, platform: string) => ['drafts', 'app', owner ?? '', platform];
cache.setQueryDefaults(['drafts'], { gcTime: Infinity });

/** What was typed and not saved: it outlives a look at another page, not the session. */
export const draftOf = (owner: Owner, platform: string) =>
  cache.getQueryData<Record<string, string>>(drafts(owner, platform));

/** Keeps what was typed; undefined forgets it. */
export function keepDraft(owner: Owner, platform: string, values: Record<string, string> | undefined): void {
  if (values) cache.setQueryData(drafts(owner, platform), values);
  else cache.removeQueries({ queryKey: drafts(owner, platform) });
}
