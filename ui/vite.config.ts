import { parse } from '@formatjs/icu-messageformat-parser';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { marks } from './marks.ts';

/** The chosen theme must stand before the first paint, and inline scripts are forbidden: a hashed file of its own. */
function themeFirst(): Plugin {
  const source = readFileSync(new URL('src/shell/theme-first.js', import.meta.url), 'utf8');
  const name = `assets/theme-${createHash('sha256').update(source).digest('hex').slice(0, 8)}.js`;
  return {
    name: 'theme-first',
    apply: 'build',
    buildStart() {
      this.emitFile({ type: 'asset', fileName: name, source });
    },
    transformIndexHtml: () => [{ tag: 'script', attrs: { src: `/${name}` }, injectTo: 'head-prepend' }],
  };
}

/**
 * Messages are parsed while building: a language file holds plain texts and ready trees, so that the ICU parser (a third of the
 * library) never reaches a browser, and a broken message breaks the build.
 */
function parsedWords(): Plugin {
  return {
    name: 'parsed-words',
    enforce: 'pre',
    load(id) {
      if (!/\/src\/words\/[\w.-]+\.json$/.test(id)) return null;
      const texts = JSON.parse(readFileSync(id, 'utf8')) as Record<string, string>;
      const ready = Object.fromEntries(
        Object.entries(texts).map(([key, text]) => [
          key,
          text.includes('{') ? parse(text, { ignoreTag: true, captureLocation: false }) : text,
        ]),
      );
      return {
        code: `export default JSON.parse(${JSON.stringify(JSON.stringify(ready))})`,
        moduleType: 'js',
        map: null,
      };
    },
  };
}

/** Writes .br and .gz beside each text file, so that the server never compresses while somebody waits. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    async closeBundle() {
      const root = new URL('dist/', import.meta.url).pathname;
      for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(html|js|css|svg|json|webmanifest)$/.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const body = await readFile(path);
        const brotli = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
        if (brotli.length < body.length) await writeFile(`${path}.br`, brotli);
        const gzip = gzipSync(body, { level: 9 });
        if (gzip.length < body.length) await writeFile(`${path}.gz`, gzip);
      }
    },
  };
}

const server = process.env['OMNIPOSTO_SERVER'] ?? 'http://localhost:8080';

export default defineConfig({
  plugins: [parsedWords(), marks(), svelte(), themeFirst(), compressed()],
  build: {
    target: ['es2023', 'chrome123', 'firefox128', 'safari17.5'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    cssCodeSplit: false, // 15 KB in all: one file needs no order among many
    manifest: true,
    chunkSizeWarningLimit: 300,
    rolldownOptions: {
      output: {
        // HTTP/1.1 gives six connections: a few files of what every page needs instead of fifty small ones.
        codeSplitting: {
          groups: [
            {
              name: 'base',
              test: /node_modules\/(svelte|esm-env|clsx|@tanstack|sv-router|openapi-fetch|intl-messageformat|@formatjs)\//,
              priority: 3,
            },
            {
              name: 'parts',
              test: /\/src\/(api|words|kit)\/(?!.*(json|qr|upload|device|form|Zone|Password|Strength|Outside|Logo|orm|Segmented|Tabs|ChannelPicture|Notice|Popover|above|save|passkeys|Countdown|wrong|Copy|Empty|Thumb|PageHead|Skeleton|Declared|connect))|@lucide\/svelte\/dist\/(Icon|context|defaultAttributes|utils|icons\/(eye|eye-off|triangle-alert)\.)/,
              priority: 2,
            },
            { name: 'icons', test: /@lucide\/svelte\/dist\/icons/, minShareCount: 2, priority: 1 },
          ],
        },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(['/api', '/readyz', '/healthz', '/connect'].map((path) => [path, { target: server }])),
  },
  resolve: {
    conditions: process.env['VITEST'] ? ['browser'] : undefined,
    alias: [
      { find: /^@formatjs\/icu-messageformat-parser$/, replacement: '@formatjs/icu-messageformat-parser/no-parser.js' },
    ],
  },
  test: { environment: 'happy-dom', include: ['src/**/*.test.ts'], css: true },
});
