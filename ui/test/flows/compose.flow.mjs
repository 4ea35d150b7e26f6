// Writing: kept while typing, a variant that differs, parts, an image with its description, two people at once, undone deletion.
import { deflateSync } from 'node:zlib';
import { must, signIn, wait } from './world.mjs';

/** A real PNG, made here: so wide, so high, one colour. */
function png(width, height) {
  const table = Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n >>> 0;
  });
  const crc = (bytes) => {
    let c = 0xffffffff;
    for (const b of bytes) c = table[(c ^ b) & 255] ^ (c >>> 8);
    return (c ^ 0xffffffff) >>> 0;
  };
  const chunk = (type, body) => {
    const named = Buffer.concat([Buffer.from(type), body]);
    const out = Buffer.alloc(body.length + 12);
    out.writeUInt32BE(body.length);
    named.copy(out, 4);
    out.writeUInt32BE(crc(named), body.length + 8);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.concat(
    Array.from({ length: height }, () => Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, 0x80)])),
  );
  return Buffer.concat([
    Buffer.from([0x89, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

export const options = { expects: [/412/] };

export default async function compose({ url, page, browser, api, workspace }) {
  await signIn(page, url);
  await page.keyboard.press('c');
  await page.waitForSelector('.composer textarea');
  await page.keyboard.type('The winter sale starts now.');
  await page.waitForSelector('.saved:has-text("Saved")');
  await page.waitForURL('**/compose/pst_*');
  const id = page.url().split('/').pop();

  await page.reload();
  await page.waitForSelector('.composer textarea');
  must(
    (await page.inputValue('.composer textarea')) === 'The winter sale starts now.',
    'the text is back after a reload',
  );

  await page.setInputFiles('input[type=file]', { name: 'coat.png', mimeType: 'image/png', buffer: png(320, 240) });
  await page.waitForSelector('[data-tile]');
  await page.waitForSelector('text=has no description');
  await page.getByRole('button', { name: 'Describe it' }).click();
  must(await page.evaluate(() => document.activeElement.id.startsWith('alt-')), 'the fix leads to the description');
  await page.keyboard.type('A red coat');
  await page.keyboard.press('Tab');
  await page.waitForSelector('text=has no description', { state: 'detached' });

  await page.getByRole('tab', { name: /Practice/ }).click();
  const area = page.locator('.composer textarea').first();
  await area.fill('For practice only.');
  await page.getByRole('button', { name: 'Show difference' }).click();
  must(await page.locator('.difference ins').count(), 'the difference shows what was added');
  await page.getByRole('button', { name: 'Back to base' }).click();
  must(
    (await page.locator('.composer textarea').first().inputValue()) === 'The winter sale starts now.',
    'the channel follows the base again',
  );

  await page.getByRole('tab', { name: 'Base' }).click();
  await page.getByRole('button', { name: 'Add part' }).click();
  await page.keyboard.type('And a second part.');
  must((await page.locator('.composer textarea:not(.input)').count()) === 2, 'two parts');
  await wait(1500);
  await page.waitForSelector('.saved[data-saved=saved]');

  // Somebody else changes the labels: both changes stand. Then the same text: a question.
  let { body: theirs } = await api('GET', `/workspaces/${workspace}/posts/${id}`);
  must(
    theirs.segments[0]?.text === 'And a second part.' && theirs.media[0]?.alt === 'A red coat',
    'the server has parts and description',
  );
  await api(
    'PATCH',
    `/workspaces/${workspace}/posts/${id}`,
    { labels: ['sale'] },
    { 'If-Match': `"${theirs.version}"` },
  );
  await page.locator('.composer textarea').first().fill('The winter sale starts today.');
  await page.waitForSelector('text=your text is kept');
  await page.waitForSelector('.saved[data-saved=saved]');
  theirs = (await api('GET', `/workspaces/${workspace}/posts/${id}`)).body;
  must(theirs.text === 'The winter sale starts today.' && theirs.labels[0] === 'sale', 'both changes stand');
  await api(
    'PATCH',
    `/workspaces/${workspace}/posts/${id}`,
    { text: 'Theirs.' },
    { 'If-Match': `"${theirs.version}"` },
  );
  await page.locator('.composer textarea').first().fill('Mine.');
  await page.waitForSelector('dialog[open]:has-text("Two versions")');
  must(await page.locator('dialog[open]:has-text("Theirs.")').count(), 'their words are shown');
  await page.getByRole('button', { name: 'Save this result' }).click();
  await page.waitForSelector('.saved[data-saved=saved]');
  theirs = (await api('GET', `/workspaces/${workspace}/posts/${id}`)).body;
  must(theirs.text === 'Mine.', 'ours was chosen');

  // At a chosen time, typed; then deleted and taken back.
  await page.fill('#when', 'tomorrow 9:30');
  await page.locator('.head .main-act button').first().click();
  await page.waitForURL(/\/(posts|deliveries)\//);
  await page.goto(`${url}/w/${workspace}/posts/${id}`);
  await page.waitForSelector('.head .chip:has-text("Scheduled")');
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.locator('dialog[open]').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.waitForSelector('text=Post restored');

  // Offline: what is typed is on this device only, and says so; it arrives once when the server is back.
  const other = await browser();
  await signIn(other.page, url);
  await other.page.keyboard.press('c');
  await other.page.waitForSelector('.composer textarea');
  await other.context.setOffline(true);
  await other.page.keyboard.type('Written on a train.');
  await other.page.waitForSelector('.saved:has-text("On this device only")');
  await other.context.setOffline(false);
  await other.page.waitForSelector('.saved[data-saved=saved]', { timeout: 15_000 });
  const { body: found } = await api('GET', `/workspaces/${workspace}/posts?q=train`);
  must(found.items.length === 1, `the draft arrived ${found.items.length} times`);
  other.noise.length = 0;
}
