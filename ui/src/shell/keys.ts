/** Turns key strokes into actions. Keys are matched by what they type, so layouts differ safely; none is one of the browser's own. */
import { allActions } from '../kit/actions.svelte';

let prefix = '';
let prefixAt = 0;

/** Single keys are off when the member wants so (WCAG 2.1.4). */
export function singleKeysOn(): boolean {
  try {
    return localStorage.getItem('keys') !== 'off';
  } catch {
    return true;
  }
}

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
  !/checkbox|radio|button/.test((target as HTMLInputElement).type);

/** The name of a stroke: "C", "Mod+K", "Shift+?" is "?". */
function nameOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const mod = event.ctrlKey || event.metaKey ? 'Mod+' : '';
  const alt = event.altKey ? 'Alt+' : '';
  const shift = event.shiftKey && (event.key.length > 1 || mod || /^[A-Z]$/.test(key)) ? 'Shift+' : '';
  return mod + alt + shift + key;
}

/** The window's keydown handler. */
export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  // Escape closes the topmost thing that floats, and nothing behind it.
  if (event.key === 'Escape' && document.querySelector('dialog[open], [popover=auto]:popover-open')) return;
  const name = nameOf(event);
  const free = !typing(event.target) && !document.querySelector('dialog[open]');
  const single = !name.startsWith('Mod+') && !name.startsWith('Alt+') && !/^(Shift\+)?F\d/.test(name);
  const now = Date.now();
  const sequence = prefix && now - prefixAt < 1500 ? `${prefix} ${name}` : '';
  prefix = '';

  for (const action of allActions()) {
    if (!action.key || action.blocked) continue;
    if (action.key !== name && action.key !== sequence) continue;
    if (!action.always && !free) continue;
    if (single && !action.always && !singleKeysOn()) continue;
    event.preventDefault();
    action.run();
    return;
  }
  if (free && single && singleKeysOn() && allActions().some((one) => one.key?.startsWith(`${name} `))) {
    prefix = name;
    prefixAt = now;
  }
}

/** Moves the focus to the next or previous region of the page; past the last one the key goes to the browser. */
export function toRegion(step: 1 | -1): boolean {
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')].filter(
    (one) => one.offsetParent !== null || one.matches(':popover-open'),
  );
  const at = regions.findIndex((one) => one.contains(document.activeElement));
  const next = regions[at + step];
  if (!next) return false;
  const inside = next.querySelector<HTMLElement>('[data-first], h1, textarea, input, button, a, [tabindex="0"]');
  if (!next.hasAttribute('tabindex')) next.tabIndex = -1;
  (inside ?? next).focus();
  return true;
}
