/** What a new post begins with: what the address asks for, else the last set of channels, else the practice channel. */
import { cache, reads } from '../../api/cache';
import { device } from '../../api/device';
import { session } from '../../api/session.svelte';
import { query } from '../../kit/here';
import { contentOf } from './body';
import type { Composer } from './composer.svelte';
import type { Draft } from './draft.svelte';

/** Fills a new draft; an unsaved one that the device kept comes back when the address asks for nothing else. */
export async function begin(draft: Draft, composer: Composer): Promise<void> {
  const { workspace } = draft;
  const list = await cache.ensureQueryData(reads.channels(workspace));
  const from = query('from') ? await cache.fetchQuery(reads.post(workspace, query('from'))) : undefined;
  const practice = list.filter((one) => one.platform === 'practice').map((one) => one.id);
  const kept = (await device.get<string[]>('kept', `${workspace}/set`)) ?? [];
  const last = kept.filter((one) => list.some((channel) => channel.id === one));
  const wanted = query('channel');
  const usual = query('practice') || !last.length ? practice.slice(0, 1) : last;
  const channels = from?.channels ?? (wanted ? [wanted] : usual);
  const at = query('at');
  const asset = query('asset');
  const rehearsing = channels.length > 0 && channels.every((one) => practice.includes(one));
  draft.when = at ? composer.wordsFor(at, session.zone) : query('when') || (rehearsing ? 'in 1 min' : 'next free');
  await draft.begin(
    {
      ...(from ? contentOf(from) : {}),
      text: from?.text ?? query('text'),
      channels,
      ...(asset ? { media: [{ asset }] } : {}),
    },
    !from && !wanted && !at && !asset,
  );
}
