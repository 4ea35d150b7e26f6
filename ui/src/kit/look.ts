/** How soon to look again at what moves by itself, although the live stream should tell. */

/** States in which something happens by itself soon. */
export function moving(status: string | undefined): boolean {
  return ['claimed', 'processing', 'sending', 'retrying', 'uncertain', 'reconciling'].includes(status ?? '');
}

/** Milliseconds until the next look; false when nothing is to be expected. */
export function lookAgain(delivery: { status: string; due_at: string } | undefined): number | false {
  if (!delivery) return false;
  if (moving(delivery.status)) return 2000;
  const soon = new Date(delivery.due_at).getTime() - Date.now();
  return ['scheduled', 'waiting_media', 'waiting_parent'].includes(delivery.status) && soon < 120_000
    ? Math.max(1000, Math.min(soon, 5000))
    : false;
}
