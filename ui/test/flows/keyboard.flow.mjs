// Without a mouse: sign in, write, schedule, look, move in the calendar, change a setting; the focus is always to be seen.
import { mira, must } from './world.mjs';

/** What has the focus, whether it can be seen, and whether something stands over it. */
const focus = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return { lost: true };
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const [x, y] = [box.left + Math.min(box.width / 2, 20), box.top + Math.min(box.height / 2, 10)];
    const top = document.elementFromPoint(x, y);
    const marked =
      style.outlineStyle !== 'none' ||
      /H1|H2|MAIN|TEXTAREA/.test(element.tagName) ||
      element.closest('label:has(:focus-visible)') ||
      !element.matches(':focus-visible');
    const covered =
      box.width > 1 &&
      top &&
      !element.contains(top) &&
      !top.contains(element) &&
      !element.closest('label')?.contains(top);
    return {
      lost: false,
      marked: Boolean(marked),
      covered: Boolean(covered),
      name: `${element.tagName} ${element.textContent?.trim().slice(0, 30)}`,
    };
  });

export default async function keyboard({ url, page, workspace }) {
  await page.addInitScript(() => {
    for (const kind of ['pointerdown', 'mousedown', 'click']) {
      addEventListener(
        kind,
        (event) => event.isTrusted && event.detail > 0 && (event.stopImmediatePropagation(), event.preventDefault()),
        true,
      );
    }
  });
  await page.goto(`${url}/signin`);
  await page.waitForSelector('[name=email]');
  await page.keyboard.press('Tab');
  await page.keyboard.type(mira.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(mira.password);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/w/**');
  await page.waitForSelector('h1');

  // Every stop of the frame and of Home can be seen.
  for (let i = 0; i < 30; i++) {
    await page.keyboard.press('Tab');
    const now = await focus(page);
    if (now.lost) break;
    must(now.marked, `no mark on ${now.name}`);
    must(!now.covered, `${now.name} is under something`);
  }

  await page.keyboard.press('Escape');
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('c');
  await page.waitForSelector('.composer textarea:focus');
  await page.keyboard.type('Written without a mouse.');
  await page.keyboard.press('Control+;');
  await page.waitForSelector('#when:focus');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('in 2 h');
  await page.waitForSelector('text=in 2 h');
  await page.keyboard.press('Control+Enter');
  await page.waitForURL('**/deliveries/**');
  await page.waitForSelector('.help h2:has-text("Scheduled")');

  // The palette, a page by two keys, a setting.
  await page.keyboard.press('Control+k');
  await page.waitForSelector('dialog[open] input:focus');
  await page.keyboard.type('settings');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/settings');
  await page.waitForSelector('input[type=number]');
  await page.locator('input[type=number]').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForSelector('text=Settings saved');
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await page.waitForURL('**/calendar**');
  await page.waitForSelector('[data-chip]');
  must(page.url().includes(workspace), 'still in the workspace');
  const fresh = await focus(page);
  must(!fresh.lost, 'the focus goes to the new page');

  // A popover closes by Escape and the page behind stays.
  await page.goto(`${url}/w/${workspace}/compose`);
  await page.waitForSelector('.composer textarea');
  await page.getByRole('button', { name: 'Pick date and time' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('input[type=date]:focus');
  await page.keyboard.press('Escape');
  await page.waitForSelector('input[type=date]', { state: 'detached' });
  must(page.url().includes('/compose'), 'Escape closed only the popover');
}
