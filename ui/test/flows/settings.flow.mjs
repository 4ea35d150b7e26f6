// A platform's own settings by keyboard: connect a WordPress site, look up two categories, publish, take it back.
import { resolve } from 'node:path';
import { findings } from '../axe.mjs';
import { fakes, must, signIn } from './world.mjs';

export const options = { before: () => fakes('wordpress') };

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
}
