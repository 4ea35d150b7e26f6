// Moving posts: by drag, by keyboard, undone; filters in the address; a click in a day begins a post there.
import { must, signIn, wait } from './world.mjs';

export default async function calendar({ url, page, api, workspace }) {
  const { body: channels } = await api('GET', `/workspaces/${workspace}/channels`);
  const at = new Date(Math.floor(Date.now() / 60_000) * 60_000 + 26 * 3_600_000);
  const { body: post } = await api('POST', `/workspaces/${workspace}/posts`, {
    text: 'Sunday reading',
    channels: [channels.items[0].id],
    schedule: { at: at.toISOString(), timezone: 'Europe/Berlin' },
  });
  const dueOf = async () => (await api('GET', `/workspaces/${workspace}/posts/${post.id}`)).body.schedule.at;
  const day = (offset) =>
    new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Berlin' }).format(
      new Date(at.getTime() + offset * 86_400_000),
    );

  await signIn(page, url);
  await page.goto(`${url}/w/${workspace}/calendar/month/${day(0)}`);
  const chip = page.locator(`[data-chip="${post.id}"]`);
  await chip.waitFor();

  const target = page.locator(`[data-day="${day(2)}"]`);
  const [from, to] = [await chip.boundingBox(), await target.boundingBox()];
  await page.mouse.move(from.x + 20, from.y + 10);
  await page.mouse.down();
  await page.mouse.move(from.x + 60, from.y + 20, { steps: 4 });
  await page.mouse.move(to.x + to.width / 2, to.y + to.height / 2, { steps: 8 });
  await page.mouse.up();
  await page.waitForSelector('text=Moved to');
  await page.locator(`[data-day="${day(2)}"] [data-chip="${post.id}"]`).waitFor();
  must(new Date(await dueOf()).getTime() === at.getTime() + 2 * 86_400_000, 'the drag keeps the wall-clock time');
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.locator(`[data-day="${day(0)}"] [data-chip="${post.id}"]`).waitFor();
  await wait(300);
  must(new Date(await dueOf()).getTime() === at.getTime(), 'undo puts it back');

  await page.locator(`[data-day="${day(0)}"]`).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('m');
  await page.keyboard.press('ArrowRight');
  await page.waitForSelector('[role=status]:has-text("no other posts")', { state: 'attached' });
  await page.keyboard.press('Enter');
  await page.locator(`[data-day="${day(1)}"] [data-chip="${post.id}"]`).waitFor();
  must(
    await page.evaluate((id) => document.activeElement?.dataset.chip === id, post.id),
    'the focus stays on the moved post',
  );

  await page.locator(`[data-chip="${post.id}"]`).click();
  await page.getByRole('dialog', { name: 'Sunday reading' }).waitFor();
  await page.keyboard.press('Escape');
  await page.locator(`[data-day="${day(4)}"]`).click({ position: { x: 60, y: 90 } });
  await page.waitForURL('**/compose?at=*');
  await page.waitForSelector('.composer textarea');
  must((await page.inputValue('#when')).includes('09:00'), 'a day begins at the usual hour');

  await page.goto(`${url}/w/${workspace}/calendar/list/${day(0)}?status=failed`);
  await page.waitForSelector('text=Nothing planned');
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await page.waitForSelector('text=Sunday reading');
}
