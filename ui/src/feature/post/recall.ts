/** Taking a published post back: which channels have something out, and how that ended there. */
import { cache } from '../../api/cache';
import { call, newKey } from '../../api/client';
import type { DeliveryRow, Recalled } from '../../api/types';

/** Out at its platform, and not taken back. */
export function isOut(one: Pick<DeliveryRow, 'status' | 'recalled_at'>): boolean {
  return one.status === 'published' && !one.recalled_at;
}

/** The channels with something to take back, in the order of the post's deliveries. */
export function channelsOut(deliveries: DeliveryRow[]): string[] {
  return [...new Set(deliveries.filter(isOut).map((one) => one.channel))];
}

/** The status that is shown: what was taken back isn't there any more, though it was published. */
export function statusOf(one: Pick<DeliveryRow, 'status' | 'recalled_at'>): string {
  return one.recalled_at ? 'recalled' : one.status;
}

/** A post's status where all that was out is taken back, and nothing else is under way. */
export function statusOfPost(status: string, deliveries: DeliveryRow[]): string {
  const back = deliveries.some((one) => one.recalled_at);
  return back && deliveries.every((one) => one.recalled_at || one.status === 'cancelled') ? 'recalled' : status;
}

/** Answers of a new try in place of those of the same deliveries. */
export function renewed(before: Recalled[], now: Recalled[]): Recalled[] {
  const again = new Map(now.map((one) => [one.delivery, one]));
  const kept = before.map((one) => again.get(one.delivery) ?? one);
  return [...kept, ...now.filter((one) => !before.some((other) => other.delivery === one.delivery))];
}

/** Asks the platforms; each try is an act of its own. */
export async function recall(workspace: string, post: string, channels: string[]): Promise<Recalled[]> {
  try {
    const { items } = await call('POST /workspaces/{workspace}/posts/{post}/recall', {
      path: { workspace, post },
      body: { channels },
      key: newKey(),
    });
    return items;
  } finally {
    void cache.invalidateQueries({ queryKey: [workspace] });
  }
}
