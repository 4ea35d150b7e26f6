// Makes the picture of the README: node test/flows/screenshot.mjs BINARY FILE
// A claimed server with some days of posts on it, seen as its owner sees it.
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, resolve } from 'node:path';
import { open } from '../browser.mjs';
import { claim, signIn, start, wait } from './world.mjs';

const [binary, file] = process.argv.slice(2).map((path) => resolve(path));
// The receiver of a newsletter that takes the channel, and then no event.
let says = 200;
const receiver = createServer((request, answer) => request.resume().on('end', () => answer.writeHead(says).end()));
await new Promise((listening) => receiver.listen(0, '127.0.0.1', listening));
const server = await start(binary, { OMNIPOSTO_NETWORK__ALLOW_PRIVATE: '127.0.0.0/8' });
const seen = await open({ width: 1440, height: 900 });
try {
  const { api, workspace } = await claim(server.url);
  const { body: channels } = await api('GET', `/workspaces/${workspace}/channels`);
  const channel = channels.items[0].id;
  const post = (text, schedule, to = channel) =>
    api('POST', `/workspaces/${workspace}/posts`, { text, channels: [to], schedule });
  const day = (days, hour) => {
    const at = new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    return { at: `${at}T${hour}:00`, timezone: 'Europe/Berlin' };
  };
  await post('The shutters are open again. Come by and see the first prints of the winter series.', { now: true });
  const { body: letter } = await api('POST', `/workspaces/${workspace}/channels`, {
    platform: 'generic-webhook',
    way: 'webhook',
    fields: { address: `http://127.0.0.1:${receiver.address().port}/newsletter` },
  });
  says = 422;
  await post('The newsletter of November.', { now: true }, letter.id);
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
  for (const text of ['The catalogue is out. Forty pages, thread-bound.', 'Thank you for a year of visits.'])
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
  receiver.close();
}
