/** Puts something that floats beside its anchor, inside the window, without a layout library. */
export interface Placing {
  side?: 'below' | 'above';
  align?: 'start' | 'end' | 'center';
  gap?: number;
}

/** Writes position through the CSSOM (inline style attributes are forbidden by the content policy). */
export function place(
  float: HTMLElement,
  anchor: Element,
  { side = 'below', align = 'start', gap = 4 }: Placing = {},
): void {
  const a = anchor.getBoundingClientRect();
  const f = float.getBoundingClientRect();
  const edge = 8;
  const rtl = getComputedStyle(anchor).direction === 'rtl';
  const below = a.bottom + gap;
  const above = a.top - gap - f.height;
  const fitsBelow = below + f.height <= innerHeight - edge;
  const fitsAbove = above >= edge;
  const top = side === 'below' ? (fitsBelow || !fitsAbove ? below : above) : fitsAbove || !fitsBelow ? above : below;
  const atStart = align === 'start' ? !rtl : rtl;
  let x = align === 'center' ? a.left + a.width / 2 - f.width / 2 : atStart ? a.left : a.right - f.width;
  x = Math.max(edge, Math.min(x, innerWidth - f.width - edge));
  float.style.setProperty('inset', 'auto');
  float.style.setProperty('left', `${Math.round(x)}px`);
  float.style.setProperty('top', `${Math.round(Math.max(edge, Math.min(top, innerHeight - f.height - edge)))}px`);
  float.style.setProperty('margin', '0');
}
