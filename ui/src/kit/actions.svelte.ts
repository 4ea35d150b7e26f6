/**
 * What can be done here, listed once: buttons, menus, the palette, the keys and the sheet of keys read the same list.
 * A page registers its actions while it is mounted; the topmost registration wins a key.
 */
import { onDestroy } from 'svelte';
import type { Component } from 'svelte';

export interface Action {
  id: string;
  label: string;
  icon?: Component<{ size?: number }>;
  /** "C", "G H" (one after the other), "Mod+K". */
  key?: string;
  group?: 'go' | 'do' | 'here';
  /** Works while typing too. */
  always?: boolean;
  blocked?: string | undefined;
  run: () => void;
}

const stack = $state<{ list: () => Action[] }[]>([]);

/** Registers the actions of a component while it lives. */
export function actions(list: () => Action[]): void {
  const entry = { list };
  stack.push(entry);
  onDestroy(() => {
    const at = stack.findIndex((one) => one.list === entry.list);
    if (at >= 0) stack.splice(at, 1);
  });
}

/** All actions that are possible now, the newest first; one per id. */
export function allActions(): Action[] {
  const seen = new Set<string>();
  return stack
    .toReversed()
    .flatMap((one) => one.list())
    .filter((action) => !seen.has(action.id) && seen.add(action.id));
}
