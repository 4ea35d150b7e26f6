/** Short messages at the bottom start: at most three, eight seconds, errors stay. Undo is also Mod+Z for ten minutes. */
import type { Key, Values } from '../words/words.svelte';
import { t } from '../words/words.svelte';

export interface Toast {
  id: number;
  text: string;
  kind: 'done' | 'error';
  action?: { label: string; run: () => void } | undefined;
}

let next = 1;
const shown = $state<Toast[]>([]);
let lastUndo: { at: number; run: () => void } | undefined;

export const toasts: readonly Toast[] = shown;

/** Shows a toast; with undo, Mod+Z does it too. */
export function toast(key: Key, values?: Values, undo?: () => void): void {
  say(t(key, values), 'done', undo && { label: t('toast.undo'), run: undo });
  lastUndo = undo && { at: Date.now(), run: undo };
}

/** Shows a text as it is; errors stay until dismissed. */
export function say(text: string, kind: Toast['kind'] = 'done', action?: Toast['action']): void {
  if (shown.some((one) => one.text === text && one.kind === 'error')) return;
  shown.push({ id: next++, text, kind, action });
  while (shown.length > 3) shown.shift();
}

/** Takes a toast away. */
export function dismiss(id: number): void {
  const at = shown.findIndex((one) => one.id === id);
  if (at >= 0) shown.splice(at, 1);
}

/** Undoes the last thing that can be undone; false when there is none. */
export function undo(): boolean {
  if (!lastUndo || Date.now() - lastUndo.at > 600_000) return false;
  const { run } = lastUndo;
  lastUndo = undefined;
  run();
  return true;
}
