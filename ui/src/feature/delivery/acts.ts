/** What can be done with a delivery, by its state: one list for the page, the post's rows and the menus. */
import { cache, reads } from '../../api/cache';
import { call } from '../../api/client';
import { Problem } from '../../api/problem';
import type { Delivery } from '../../api/types';
import { say, toast } from '../../kit/toasts.svelte';
import { t } from '../../words/words.svelte';

const path = (workspace: string, delivery: Delivery) => ({ workspace, delivery: delivery.id });

/** Runs an act and puts its answer in the cache; a refusal is said and the newest state read. */
async function act(workspace: string, delivery: Delivery, run: () => Promise<Delivery>): Promise<boolean> {
  const { queryKey } = reads.delivery(workspace, delivery.id);
  try {
    cache.setQueryData(queryKey, await run());
    void cache.invalidateQueries({ queryKey: [workspace] });
    return true;
  } catch (error) {
    const problem = Problem.of(error);
    say(problem.status === 412 || problem.status === 409 ? t('delivery.movedOn') : problem.says, 'error');
    void cache.invalidateQueries({ queryKey });
    return false;
  }
}

/** Sends again from now on: a new round. */
export async function retry(workspace: string, delivery: Delivery): Promise<void> {
  const done = await act(workspace, delivery, () =>
    call('POST /workspaces/{workspace}/deliveries/{delivery}/retry', {
      path: path(workspace, delivery),
      version: delivery.version,
    }),
  );
  if (done) toast('delivery.retried');
}

/** Takes the delivery back before it goes out. */
export async function cancel(workspace: string, delivery: Delivery): Promise<void> {
  const done = await act(workspace, delivery, () =>
    call('POST /workspaces/{workspace}/deliveries/{delivery}/cancel', {
      path: path(workspace, delivery),
      version: delivery.version,
    }),
  );
  if (done) toast('delivery.cancelled');
}

/** What a person saw in the channel. */
export async function resolve(
  workspace: string,
  delivery: Delivery,
  body: { outcome: 'published' | 'not_published'; permalink?: string; resend?: boolean },
): Promise<boolean> {
  return act(workspace, delivery, () =>
    call('POST /workspaces/{workspace}/deliveries/{delivery}/resolve', {
      path: path(workspace, delivery),
      version: delivery.version,
      body,
    }),
  );
}
