// Fails the build when Home's first load grows too big. Counts what the browser really fetches: the entry, the frame, the page, and
// what they import, gzipped. The language file, marks and styles have budgets of their own.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(`${dist}.vite/manifest.json`, 'utf8'));
const size = (file) => gzipSync(readFileSync(dist + file), { level: 9 }).length;

function closure(...starts) {
  const files = new Set();
  const walk = (key) => {
    const chunk = manifest[key];
    if (!chunk || files.has(chunk.file)) return;
    files.add(chunk.file);
    for (const style of chunk.css ?? []) files.add(style);
    (chunk.imports ?? []).forEach(walk);
  };
  starts.forEach(walk);
  return [...files];
}

const frame = ['index.html', 'src/shell/Frame.svelte'];
const pages = {
  home: [...frame, 'src/shell/Start.svelte', 'src/feature/home/HomePage.svelte'],
  composer: [...frame, 'src/feature/post/Composer.svelte'],
  calendar: [...frame, 'src/feature/calendar/Calendar.svelte'],
  signin: ['index.html', 'src/feature/signin/SignIn.svelte'],
};
const most = { home: 85, composer: 120, calendar: 105, signin: 65 };
const goal = { home: 70 };
let bad = 0;
const kb = (n) => `${(n / 1024).toFixed(1)} KB`;
const judge = (name, n, limit) => {
  const over = n > limit * 1024;
  bad += over;
  console.log(`${over ? 'OVER ' : 'ok   '} ${name.padEnd(22)} ${kb(n).padStart(9)}  of ${limit} KB`);
};

for (const [name, starts] of Object.entries(pages)) {
  const missing = starts.filter((key) => !manifest[key]);
  if (missing.length) throw new Error(`not in the manifest: ${missing}`);
  const js = closure(...starts).filter((file) => file.endsWith('.js'));
  const n = js.reduce((sum, file) => sum + size(file), 0);
  judge(`${name} script`, n, most[name]);
  if (goal[name] && n > goal[name] * 1024) console.log(`      the goal of ${name} is ${goal[name]} KB`);
}
const all = readdirSync(dist, { recursive: true }).filter(
  (file) => statSync(dist + file).isFile() && !/\.(br|gz)$/.test(file),
);
judge(
  'all styles',
  all.filter((file) => file.endsWith('.css')).reduce((sum, file) => sum + size(file), 0),
  20,
);
judge(
  'marks',
  all.filter((file) => /marks-.*\.svg$/.test(file)).reduce((sum, file) => sum + size(file), 0),
  14,
);
judge('one language', size(manifest['src/words/en.json'].file), 14);
judge('one language, above', size(manifest['src/words/en.above.json'].file), 14);
judge(
  'all assets, raw',
  all.reduce((sum, file) => sum + statSync(dist + file).size, 0),
  2500,
);
process.exit(bad ? 1 : 0);
