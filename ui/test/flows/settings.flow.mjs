// A platform's own settings by keyboard: connect a WordPress site, look up two categories, publish, take it back.
import { resolve } from 'node:path';
import { findings } from '../axe.mjs';
import { fakes, must, signIn } from './world.mjs';

export const options = { expects: [/503/], before: () => fakes('wordpress') };

const folder = process.env.OMNIPOSTO_PICTURES;
const picture = (page, name) =>
  folder ? page.screenshot({ path: resolve(folder, `${name}.png`) }) : Promise.resolve(undefined);

export default async function settings({ url, page, context, api, workspace, beside, browser }) {
  const fine = async (where) => {
    const bad = await findings(page, context);
    must(!bad.length, `${where}: ${bad.join('\n  ')}`);
  };
  const [{ way, fields }] = beside.wordpress.ways;
  const { body: channel } = await api('POST', `/workspaces/${workspace}/channels`, {
    platform: 'wordpress',
    way,
    fields: { ...fields, site: beside.wordpress.url },
  });
  await signIn(page, url);
  await page.goto(`${url}/w/${workspace}/compose?channel=${channel.id}`);
  await page.waitForSelector('.composer textarea');
  await page.keyboard.type('The shutters are open again.');
  await page.getByRole('tab', { name: /WordPress/ }).click();
  const summary = page.locator('details.settings summary');
  await summary.focus();
  await page.keyboard.press('Enter');

  // Two categories by the keyboard: the list opens by an arrow, Enter takes, Escape closes it and not the composer.
  const categories = page.getByRole('combobox', { name: 'Categories' });
  await categories.focus();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('option', { name: 'News & notes' }).waitFor();
  must((await page.locator('[role=option]').count()) === 2, 'the list has what the site has');
  await page.keyboard.press('Enter');
  await page.keyboard.type('oth');
  await page.waitForFunction(() => document.querySelectorAll('[role=option]').length === 1);
  await fine('the list of a look-up');
  await picture(page, 'settings');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  must((await page.locator('[role=option]').count()) === 0, 'Escape closes the list');
  must(page.url().includes('/compose'), 'and leaves the composer open');
  const chips = page.getByRole('list', { name: 'Categories' }).getByRole('listitem');
  must((await chips.count()) === 2, 'two are chosen');
  must((await chips.first().innerText()).includes('&') || (await chips.last().innerText()).includes('&'), 'by name');

  // A page has no categories: the field goes and comes again with its values.
  await page.getByLabel('Kind').selectOption('page');
  must((await categories.count()) === 0, 'a page has no categories');
  await page.getByLabel('Kind').selectOption('post');
  must((await chips.count()) === 2, 'they come again');

  // What the check says stands at the field, and a problem leads there.
  await page.getByLabel('Title', { exact: false }).first().fill('x'.repeat(301));
  const said = page.locator('[data-setting="title"] .error');
  await said.waitFor();
  await page.keyboard.press('F8');
  must(
    await page.evaluate(() => !!document.activeElement.closest('[data-setting="title"]')),
    'a problem leads to its field',
  );
  await picture(page, 'settings-error');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('Open again');
  await said.waitFor({ state: 'detached' });

  await page.fill('#when', 'now');
  await page.locator('.head .main-act button').first().click();
  await page.waitForURL('**/deliveries/**');
  await page.waitForSelector('.help h2:has-text("Published")', { timeout: 30_000 });
  const [post] = await beside.visible('wordpress');
  must(post.More.title === 'Open again', `the title is ${post.More.title}`);
  must(post.More.categories === '1,2', `it is filed under ${post.More.categories}`);

  // Narrow and dark beside it, before it is taken back.
  if (folder) {
    const at = page.url();
    for (const look of [
      { width: 320, height: 640, touch: true },
      { dark: true, width: 1440, height: 900 },
    ]) {
      const { page: one } = await browser(look);
      const name = `${look.width}${look.dark ? '-dark' : ''}`;
      await signIn(one, url);
      await one.goto(at);
      await one.getByRole('button', { name: 'Take back…' }).first().click();
      await one.getByRole('button', { name: /Take back from/ }).waitFor();
      await picture(one, `recall-${name}`);
      await one.goto(`${url}/w/${workspace}/channels`);
      await one.waitForSelector('table');
      await picture(one, `channels-${name}`);
      await one.goto(`${url}/w/${workspace}/compose?channel=${channel.id}`);
      await one.waitForSelector('.composer textarea');
      await one.getByRole('tab', { name: /WordPress/ }).click();
      await one.locator('details.settings summary').click();
      await one.getByRole('combobox', { name: 'Categories' }).click();
      await one.locator('[role=option]').first().waitFor();
      await one.locator('[role=option]').first().click();
      await picture(one, `settings-${name}`);
    }
  }

  await page.getByRole('button', { name: 'Take back…' }).first().click();
  const back = page.getByRole('button', { name: 'Take back from 1 channel' });
  await back.waitFor();
  await page.evaluate(() => document.getAnimations().forEach((motion) => motion.finish()));
  await fine('taking back');
  await back.click();
  await page.waitForSelector('[data-outcome=recalled]');
  await picture(page, 'recalled');
  await page.getByRole('button', { name: 'Close' }).last().click();
  await page.waitForSelector('.help h2:has-text("Taken back")');
  must((await beside.visible('wordpress')).length === 0, 'nothing is to be seen there any more');

  await entries({ url, page, workspace, api });
  await severalEndings({ url, page, workspace, api, channel, fine });
}

/** A list of entries by its buttons; a time on the workspace's clock; an id by hand where the platform can't be asked. */
async function entries({ url, page, workspace, api }) {
  const { body: channels } = await api('GET', `/workspaces/${workspace}/channels`);
  const practice = channels.items.find((one) => one.platform === 'practice');
  await page.route('**/api/v1/platforms', async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    json.items.find((one) => one.id === 'practice').settings = toy;
    return route.fulfill({ response, json });
  });
  await page.route('**/lookup?*', (route) =>
    route.fulfill({ status: 503, json: { code: 'lookup_failed', detail: 'The boards are resting.' } }),
  );
  await page.route('**/posts/check', (route) => route.fulfill({ json: { channels: {} } }));
  await page.goto(`${url}/w/${workspace}/compose?channel=${practice.id}`);
  await page.waitForSelector('.composer textarea');
  await page.keyboard.type('Three places');
  await page.getByRole('tab', { name: /Practice/ }).click();
  await page.locator('details.settings summary').click();
  await page.waitForSelector('text=Each is a delivery of its own.');
  for (const title of ['First', 'Second']) {
    await page.getByRole('button', { name: 'Add another' }).click();
    await page.waitForFunction(() => !!document.activeElement.closest('[data-setting^="places."]'));
    await page.keyboard.type(title);
  }
  await page.getByRole('button', { name: 'Move Second earlier' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.matches('[data-later]'));
  await page.fill('[data-setting=until] input', '2026-12-24T18:00');
  const board = page.getByRole('combobox', { name: 'Board' });
  await board.click();
  await page.waitForSelector('text=The boards are resting.');
  await board.pressSequentially('1102');
  await page.getByRole('option', { name: '1102' }).waitFor();
  await page.keyboard.press('Enter');
  must((await board.inputValue()) === '1102', 'an id by hand is taken');
  const sent = page.waitForRequest(
    (request) => /\/posts(\/|$)/.test(request.url()) && /PATCH|POST/.test(request.method()),
  );
  await page.getByRole('button', { name: 'Take First out' }).click();
  await page.waitForFunction(() => document.activeElement.matches('[data-remove]'));
  await sent;
  await page.waitForSelector('text=/Saved/');
  const { body: posts } = await api('GET', `/workspaces/${workspace}/posts?status=draft`);
  const { body: post } = await api('GET', `/workspaces/${workspace}/posts/${posts.items[0].id}`);
  const { places, until, board: picked } = post.variants[practice.id].settings;
  const kept = JSON.stringify({ places, until, board: picked });
  must(
    kept === '{"places":[{"title":"Second"}],"until":"2026-12-24T17:00:00Z","board":{"id":"1102"}}',
    `the draft keeps ${kept}`,
  );
}

const toy = {
  'x-order': ['places', 'until', 'board'],
  properties: {
    places: {
      title: 'Places',
      type: 'array',
      'x-field': 'list',
      'x-delivery-per-entry': true,
      items: { properties: { title: { type: 'string', title: 'Title', 'x-field': 'text' } } },
    },
    until: { title: 'Until', type: 'string', 'x-field': 'datetime' },
    board: { title: 'Board', 'x-field': 'lookup', 'x-lookup': 'boards' },
  },
};

/** Each channel ends in its own way; only what failed is tried again. */
async function severalEndings({ url, page, workspace, api, channel, fine }) {
  const { body: posts } = await api('GET', `/workspaces/${workspace}/posts`);
  const id = posts.items.find((one) => one.status === 'published').id;
  const { body: post } = await api('GET', `/workspaces/${workspace}/posts/${id}`);
  const others = { chn_1: 'failed', chn_2: 'unsupported', chn_3: 'in_doubt' };
  const [delivery] = post.deliveries;
  const deliveries = Object.keys(others).map((other) => ({
    ...delivery,
    id: `dlv_${other}`,
    channel: other,
    recalled_at: undefined,
  }));
  await page.route(`**/api/v1/**/posts/${id}`, (route) => route.fulfill({ json: { ...post, deliveries } }));
  await page.route('**/api/v1/**/channels', (route) =>
    route.fulfill({
      json: { items: Object.keys(others).map((other) => ({ ...channel, id: other, name: `Blog ${other}` })) },
    }),
  );
  const asked = [];
  await page.route(`**/api/v1/**/posts/${id}/recall`, (route) => {
    const { channels } = route.request().postDataJSON();
    asked.push(channels);
    const items = channels.map((one) => ({
      delivery: `dlv_${one}`,
      channel: one,
      outcome: asked.length > 1 ? 'recalled' : others[one],
      message: 'In the words of the platform.',
      permalink: 'https://blog.example/post',
    }));
    return route.fulfill({ json: { items } });
  });
  await page.goto(`${url}/w/${workspace}/posts/${id}`);
  await page.getByRole('button', { name: 'Take back…' }).click();
  await page.getByRole('button', { name: 'Take back from 3 channels' }).click();
  await page.waitForSelector('[data-outcome=in_doubt]');
  await page.evaluate(() => document.getAnimations().forEach((motion) => motion.finish()));
  await fine('how it ended');
  await picture(page, 'recall-endings');
  must(
    (await page
      .getByRole('dialog')
      .getByRole('link', { name: /Open at/ })
      .count()) === 2,
    'a hand gets its link',
  );
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.waitForSelector('[data-outcome=recalled]');
  must(JSON.stringify(asked) === '[["chn_1","chn_2","chn_3"],["chn_1"]]', `asked for ${JSON.stringify(asked)}`);
  must((await page.locator('[data-outcome]').count()) === 3, 'the others keep their line');
}
