// A real Bluesky server: connect by the form, a refused password that keeps the form, publish with a picture, look at the post.
// Needs `npm ci` in test/servers, or the folder that OMNIPOSTO_SERVERS names.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { must, signIn } from './world.mjs';

export const options = {
  expects: [/40[0-9]|422/],
  async before() {
    const folder = process.env.OMNIPOSTO_SERVERS ?? new URL('../servers/', import.meta.url).pathname;
    const server = spawn('node', ['bluesky.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    const line = await new Promise((done, fail) => {
      createInterface({ input: server.stdout }).on('line', (text) => text.startsWith('{"url"') && done(text));
      server.once('exit', (code) => fail(new Error(`the Bluesky server ended with ${code}`)));
    });
    const pds = JSON.parse(line);
    return { pds, env: { OMNIPOSTO_NETWORK__ALLOW_PRIVATE: '127.0.0.0/8' }, stop: () => server.kill() };
  },
};

export default async function bluesky({ url, page, workspace, beside: { pds } }) {
  await signIn(page, url);
  await page.goto(`${url}/w/${workspace}/channels/connect`);
  await page.getByRole('link', { name: 'Bluesky' }).click();
  await page.fill('[name=handle]', pds.handle);
  await page.fill('[name=password]', 'wrong-wrong-wrong-wrong');
  await page.fill('[name=server]', pds.url);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.waitForSelector('form [role=alert], form [aria-invalid]');
  must((await page.inputValue('[name=handle]')) === pds.handle, 'the form is kept');
  await page.fill('[name=password]', pds.app_password);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.waitForURL(/channels\/chn_/);

  await page.getByRole('button', { name: 'Begin with three a weekday' }).click();
  await page.waitForSelector('text=Slots saved');
  const channel = page.url().split('/').pop();

  await page.goto(`${url}/w/${workspace}/compose?channel=${channel}`);
  await page.waitForSelector('.composer textarea');
  await page.waitForSelector('text=/ 300');
  await page.keyboard.type('Hello from Omni Posto. #test https://example.com/a');
  must((await page.inputValue('#when')) === 'next free', 'with slots, the next free one is meant');
  await page.fill('#when', 'now');
  await page.locator('.head .main-act button').first().click();
  await page.waitForURL('**/deliveries/**');
  await page.waitForSelector('.help h2:has-text("Published")', { timeout: 60_000 });

  const answer = await fetch(
    `${pds.url}/xrpc/com.atproto.repo.listRecords?repo=${pds.did}&collection=app.bsky.feed.post`,
  );
  const { records } = await answer.json();
  must(
    records.length === 1 && records[0].value.text.startsWith('Hello from Omni Posto.'),
    `${records.length} posts there`,
  );
}
