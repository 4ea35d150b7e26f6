import { describe, expect, it } from 'vitest';
import css from './tokens.css?raw';

type Theme = 'light' | 'dark';

/** The colours of a theme, read from the tokens themselves. */
function tokens(theme: Theme): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name, light, dark] of css.matchAll(/--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)/g)) {
    found[name!] = theme === 'light' ? light! : dark!;
  }
  return found;
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function ratio(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high! + 0.05) / (low! + 0.05);
}

const planes = ['bg', 'surface', 'sunken', 'hover'];
const statuses = ['draft', 'review', 'scheduled', 'sending', 'published', 'attention', 'paused', 'missed'];

for (const theme of ['light', 'dark'] as const) {
  describe(`contrast, ${theme}`, () => {
    const t = tokens(theme);
    const reaches = (ink: string, plane: string, least: number) =>
      it(`${ink} on ${plane} reaches ${least}`, () => expect(ratio(t[ink]!, t[plane]!)).toBeGreaterThanOrEqual(least));

    it('has all tokens', () => expect(Object.keys(t).length).toBeGreaterThan(30));
    for (const ink of ['text', 'text-2', 'text-3', 'accent-text', ...statuses])
      for (const plane of planes) reaches(ink, plane, 4.5);
    for (const plane of planes) {
      reaches('edge', plane, 3);
      reaches('focus', plane, 3);
    }
    reaches('on-accent', 'accent', 4.5);
    reaches('on-accent', 'accent-hover', 4.5);
    for (const status of statuses) {
      reaches(status, `${status}-soft`, 4.5);
      reaches('text', `${status}-soft`, 4.5);
      reaches('text-3', `${status}-soft`, 4.5);
    }
    reaches('text', 'accent-soft', 4.5);
    reaches('accent-text', 'accent-soft', 4.5);
  });
}
