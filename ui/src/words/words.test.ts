import { describe, expect, it } from 'vitest';
import above from './en.above.json?raw';
import raw from './en.json?raw';
import { t, speak, maybe } from './words.svelte';
import { duration, near, relative } from './dates';

const texts = { ...JSON.parse(raw), ...JSON.parse(above) } as Record<string, string>;
const sources = Object.entries(
  import.meta.glob(['../**/*.svelte', '../**/*.ts', '!../**/*.test.ts', '!../api/schema.d.ts'], {
    query: '?raw',
    import: 'default',
    eager: true,
  }),
) as [string, string][];

/** Keys made at run time begin like this. */
const made = sources.flatMap(([, text]) =>
  [...text.matchAll(/(?:\bt|maybe)\(\s*`([\w.]*)\$\{/g)].map(([, start]) => start!),
);
const used = new Set(
  sources.flatMap(([, text]) => [...text.matchAll(/\b(?:t|toast|maybe)\(\s*'([\w.-]+)'/g)].map(([, key]) => key!)),
);
const chosen = new Set(
  sources.flatMap(([, text]) => [...text.matchAll(/'([a-z]\w*\.[\w.]+)'/g)].map(([, key]) => key!)),
);

describe('texts', () => {
  it('every key that is used exists', () => {
    expect([...used].filter((key) => !(key in texts))).toEqual([]);
  });
  it('every text stands in one file', () => {
    expect(Object.keys(JSON.parse(raw) as object).filter((key) => key in (JSON.parse(above) as object))).toEqual([]);
  });
  it('every text is used', () => {
    const idle = Object.keys(texts).filter(
      (key) => !used.has(key) && !chosen.has(key) && !made.some((start) => key.startsWith(start)),
    );
    expect(idle).toEqual([]);
  });
  it('has none of the words that mean something else here', () => {
    const wrong = Object.entries(texts).filter(([, text]) =>
      /\b(users?|accounts?|jobs?|integrations?|entit(y|ies)|oops)\b/i.test(text),
    );
    expect(wrong).toEqual([]);
  });
  it('shouts at nobody', () => {
    expect(Object.entries(texts).filter(([, text]) => text.includes('!'))).toEqual([]);
  });
  it('no sentence stands in a component', () => {
    const bare = sources
      .filter(([file]) => file.endsWith('.svelte'))
      .flatMap(([file, text]) => {
        const markup = text.replace(/<script[\s\S]*?<\/script>|<style[\s\S]*?<\/style>|<!--[\s\S]*?-->/g, '');
        return [...markup.matchAll(/>\s*([A-Z][a-z]+(?: [a-z]+)+)[.<\s]/g)].map(([, words]) => `${file}: ${words}`);
      });
    expect(bare).toEqual([]);
  });
});

describe('messages', () => {
  it('count', async () => {
    await speak('en');
    expect(t('calendar.posts', { n: 1 })).toBe('1 post');
    expect(t('calendar.posts', { n: 3 })).toBe('3 posts');
    expect(maybe('status.nothing_like_it')).toBeUndefined();
  });
  it('say times as people do', async () => {
    await speak('en-GB');
    const now = new Date('2026-11-24T08:12:00Z');
    expect(near('2026-11-24T15:30:00Z', 'Europe/Berlin', now)).toBe('today 16:30');
    expect(near('2026-11-25T07:45:00Z', 'Europe/Berlin', now)).toBe('tomorrow 08:45');
    expect(near('2026-11-26T07:45:00Z', 'Europe/Berlin', now)).toBe('Thu 08:45');
    expect(relative('2026-11-24T11:00:00Z', now)).toBe('in 2 h 48 min');
    expect(duration(340)).toBe('0.3 s');
  });
});
