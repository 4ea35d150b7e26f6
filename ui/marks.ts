/**
 * The platforms' marks: one sprite made of the icon.svg of each connector's folder, so that a connector brings its own and
 * nothing here names it. `virtual:marks` gives the sprite's address and the folders that are in it.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../app/connector');
const id = '\0virtual:marks';

/** One symbol of a drawing: its box and how it is painted stay, its size and namespace go. */
export function symbol(name: string, drawing: string): string {
  const [, head, inside] = /^\s*<svg\s([^>]*)>([\s\S]*)<\/svg>\s*$/.exec(drawing) ?? [];
  if (!head || !inside?.trim() || !/\bviewBox="/.test(head)) throw new Error(`${name}/icon.svg is no drawing`);
  if (/<(script|style|use|image|foreignObject)\b|\s(on\w+|style|href)=|#[\da-f]{3}/i.test(drawing))
    throw new Error(`${name}/icon.svg has more than shapes in currentColor`);
  const kept = head.replace(/(^|\s)(xmlns|width|height)="[^"]*"/g, '').trim();
  return `<symbol id="${name}" ${kept}>${inside.trim()}</symbol>`;
}

/** The symbols of all connectors by their folder. */
export function drawn(): Map<string, string> {
  const found = readdirSync(folder)
    .sort()
    .map((name) => [name, join(folder, name, 'icon.svg')] as const)
    .filter(([, path]) => existsSync(path));
  return new Map(found.map(([name, path]) => [name, symbol(name, readFileSync(path, 'utf8'))]));
}

/** The sprite. */
export const sheet = (all: Map<string, string>) =>
  `<svg xmlns="http://www.w3.org/2000/svg">\n${[...all.values()].join('\n')}\n</svg>\n`;

/** The plugin of the build. */
export function marks(): Plugin {
  let building = false;
  return {
    name: 'marks',
    configResolved(config) {
      building = config.command === 'build';
    },
    resolveId: (asked) => (asked === 'virtual:marks' ? id : undefined),
    load(asked) {
      if (asked !== id) return null;
      const all = drawn();
      const source = sheet(all);
      let sprite = '/marks.svg';
      if (building) {
        sprite = `/assets/marks-${createHash('sha256').update(source).digest('hex').slice(0, 8)}.svg`;
        this.emitFile({ type: 'asset', fileName: sprite.slice(1), source });
      }
      return `export const sprite = '${sprite}';\nexport const drawn = '${[...all.keys()].join(' ')}'.split(' ');\n`;
    },
    configureServer(server) {
      server.middlewares.use('/marks.svg', (_, answer) => {
        answer.setHeader('Content-Type', 'image/svg+xml');
        answer.end(sheet(drawn()));
      });
    },
  };
}
