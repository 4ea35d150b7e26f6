// Runs the flows against the real binary in a real browser:
//   node test/flows/run.mjs [--binary ../bin/omniposto] [name …]
// Each flow gets an empty server of its own. A flow fails when it throws, and when the page said something to the console.
import { mkdirSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { open } from '../browser.mjs';
import { claim, start } from './world.mjs';

const given = process.argv.slice(2);
const at = given.indexOf('--binary');
const binary = resolve(
  at >= 0
    ? given.splice(at, 2)[1]
    : (process.env.OMNIPOSTO_BINARY ?? new URL('../../../bin/omniposto', import.meta.url).pathname),
);
const here = new URL('.', import.meta.url).pathname;
const pictures = resolve(process.env.OMNIPOSTO_REPORT ?? `${here}../../../report`, 'flows');
mkdirSync(pictures, { recursive: true });

const all = readdirSync(here)
  .filter((name) => name.endsWith('.flow.mjs'))
  .sort();
const wanted = given.length ? all.filter((name) => given.some((word) => name.startsWith(word))) : all;
let passed = 0;
let failed = 0;

for (const name of wanted) {
  const { default: flow, options = {} } = await import(`./${name}`);
  const beside = await options.before?.();
  const server = await start(binary, beside?.env);
  const opened = [];
  const browser = async (more = {}) => {
    const one = await open({ ...options.browser, ...more });
    opened.push(one);
    return one;
  };
  const began = Date.now();
  try {
    const world = options.unclaimed ? {} : await claim(server.url);
    const first = await browser();
    await flow({ url: server.url, binary, page: first.page, context: first.context, browser, beside, ...world });
    const noise = opened
      .flatMap((one) => one.noise)
      .filter((line) => !(options.expects ?? []).some((known) => known.test(line)));
    if (noise.length) throw new Error(`the console says: ${noise.slice(0, 3).join(' | ')}`);
    passed++;
    console.log(`ok   ${name.replace('.flow.mjs', '')} ${((Date.now() - began) / 1000).toFixed(1)} s`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name.replace('.flow.mjs', '')}: ${error.message}`);
    await Promise.all(
      opened.map((one, i) => one.page.screenshot({ path: `${pictures}/${name}.${i}.png` }).catch(() => undefined)),
    );
  } finally {
    await Promise.all(opened.map((one) => one.close()));
    await server.stop();
    beside?.stop();
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
