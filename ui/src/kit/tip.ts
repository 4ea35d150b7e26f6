/**
 * Tooltip: one element for the whole page, shown after 400 ms of hover or at once on keyboard focus, hidden by Escape.
 * It repeats the accessible name, so it is hidden from screen readers and never the only place of a fact.
 */
import type { Attachment } from 'svelte/attachments';
import { place } from './place';

let bubble: HTMLElement | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

function element(): HTMLElement {
  if (!bubble) {
    bubble = document.createElement('div');
    bubble.className = 'tip';
    bubble.popover = 'manual';
    bubble.setAttribute('aria-hidden', 'true');
    document.body.append(bubble);
  }
  return bubble;
}

function hide(): void {
  clearTimeout(timer);
  if (bubble?.matches(':popover-open')) bubble.hidePopover();
}

/** Shows text beside the element on hover and on keyboard focus. */
export function tip(text: string): Attachment<HTMLElement> {
  return (node) => {
    const show = () => {
      if (!node.isConnected || node.getAttribute('aria-expanded') === 'true') return;
      const box = element();
      box.textContent = text;
      if (!box.matches(':popover-open')) box.showPopover();
      place(box, node, { side: 'below', align: 'center', gap: 6 });
    };
    const enter = (event: PointerEvent) => {
      if (event.pointerType !== 'mouse') return;
      clearTimeout(timer);
      timer = setTimeout(show, 400);
    };
    const focus = () => {
      if (node.matches(':focus-visible')) show();
    };
    const key = (event: KeyboardEvent) => {
      if (event.key === 'Escape') hide();
    };
    node.addEventListener('pointerenter', enter);
    node.addEventListener('pointerleave', hide);
    node.addEventListener('pointerdown', hide);
    node.addEventListener('focus', focus);
    node.addEventListener('blur', hide);
    node.addEventListener('keydown', key);
    return () => {
      hide();
      node.removeEventListener('pointerenter', enter);
      node.removeEventListener('pointerleave', hide);
      node.removeEventListener('pointerdown', hide);
      node.removeEventListener('focus', focus);
      node.removeEventListener('blur', hide);
      node.removeEventListener('keydown', key);
    };
  };
}
