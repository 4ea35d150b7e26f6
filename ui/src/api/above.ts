/** Reads of what stands above a workspace and is looked at rarely, so that Home and sign-in don't load them. */
import { get } from './cache';
import { call } from './client';
import { Problem } from './problem';

/** What is answered, or null where the refusal only says that there is nothing. */
const unless = <T>(code: string, answer: Promise<T>): Promise<T | null> =>
  answer.catch((error: unknown) => {
    if (Problem.of(error).code === code) return null;
    throw error;
  });

/** Key and how to fetch it, as in cache.ts. */
export const above = {
  checkpoint: (organization: string) =>
    get([organization, 'checkpoint'], (signal) =>
      unless(
        'log_empty',
        call('GET /organizations/{organization}/audit/checkpoint', { path: { organization }, signal }),
      ),
    ),
  signIns: (organization: string) =>
    get([organization, 'signIns'], (signal) =>
      call('GET /organizations/{organization}/security', { path: { organization }, signal }),
    ),
  verification: (organization: string) =>
    get([organization, 'verification'], (signal) =>
      call('GET /organizations/{organization}/audit/verify', { path: { organization }, signal }),
    ),
  offsite: (organization: string) =>
    get([organization, 'offsite'], (signal) =>
      call('GET /organizations/{organization}/audit/offsite', { path: { organization }, signal }),
    ),
  keys: (organization: string) =>
    get([organization, 'keys'], async (signal) => {
      const { items } = await call('GET /organizations/{organization}/keys', { path: { organization }, signal });
      return items;
    }),
  signOn: (organization: string) =>
    get([organization, 'sign-on'], (signal) =>
      unless('not_found', call('GET /organizations/{organization}/sign-on', { path: { organization }, signal })),
    ),
  recoveries: (organization: string) =>
    get([organization, 'recoveries'], async (signal) => {
      const { items } = await call('GET /organizations/{organization}/recoveries', { path: { organization }, signal });
      return items;
    }),
  /** The apps at platforms: an organization's, or the server's. */
  apps: (organization: string | undefined) =>
    get([organization ?? 'instance', 'apps'], async (signal) => {
      const { items } = organization
        ? await call('GET /organizations/{organization}/platforms', { path: { organization }, signal })
        : await call('GET /instance/platforms', { signal });
      return items;
    }),
  mail: () => get(['instance', 'mail'], (signal) => call('GET /instance/mail', { signal })),
};
