// Makes the picture of the README: node test/flows/screenshot.mjs BINARY FILE
// A claimed server with some days of posts on it, seen as its owner sees it.
import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { open } from '../browser.mjs';
import { claim, signIn, start, wait } from './world.mjs';

const [binary, file] = process.argv.slice(2).map((path) => resolve(path));
const server = await start(binary);
const seen = await open({ width: 1440, height: 900 });
try {
  const { api, workspace } = await claim(server.url);
  const { body: channels } = await api('GET', `/workspaces/${workspace}/channels`);
  const channel = channels.items[0].id;
  const post = (text, schedule) => api('POST', `/workspaces/${workspace}/posts`, { text, channels: [channel], schedule });
  const day = (days, hour) => {
    const at = new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    return { at: `${at}T${hour}:00`, timezone: 'Europe/Berlin' };
  };
  await post('The shutters are open again. Come by and see the first prints of the winter series.', { now: true });
  await post('[fail=rejected] A picture that the platform will not take.', { now: true });
  for (const [days, hour, text] of [
    [1, '09', 'Three things we learned while drying 400 prints at once.'],
    [1, '13', 'Lunch talk: why paper has a grain, and how to find it with your tongue.'],
    [1, '17', 'Behind the press: a minute of ink, rollers and patience.'],
    [2, '09', 'New in the shop: the harbour at six in the morning, edition of 40.'],
    [2, '12', 'We are looking for an apprentice. Two years, paid, ink under the nails guaranteed.'],
    [3, '10', 'Open studio on Friday from four. There will be soup.'],
    [4, '09', 'The week in five pictures.'],
    [5, '11', 'A letter from Tromsø: what became of the prints we sent north.'],
  ])
    await post(text, day(days, hour));
  for (const text of [
    'The catalogue is out. Forty pages, thread-bound.',
    'Thank you for a year of visits.',
  ])
    await api('POST', `/workspaces/${workspace}/posts`, { text });
  await wait(1500); // the two that leave now
  await signIn(seen.page, server.url);
  await seen.page.waitForSelector('main h1');
  await wait(800);
  mkdirSync(dirname(file), { recursive: true });
  await seen.page.screenshot({ path: file });
} finally {
  await seen.close();
  await server.stop();
}
