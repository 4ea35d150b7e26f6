// From the printed link to a post that is out: at most six clicks, no mail, no registration anywhere.
import { code, mira, must } from './world.mjs';

export const options = { unclaimed: true };

export default async function first({ url, page }) {
  let clicks = 0;
  const click = async (locator) => {
    clicks++;
    await locator.click();
  };
  await page.goto(`${url}/setup#code=${code}`);
  await page.waitForSelector('h1');
  must(!page.url().includes(code), 'the code leaves the address bar at once');
  await page.fill('[name=name]', mira.name);
  await page.fill('[name=email]', mira.email);
  await page.fill('[name=password]', mira.password);
  await page.fill('[name=organization]', mira.organization);
  await click(page.getByRole('button', { name: 'Create', exact: true }));
  await click(page.getByRole('button', { name: 'Later' }));
  await click(page.getByRole('link', { name: 'Write a first post' }));
  await page.waitForSelector('.composer textarea');
  must(await page.getByRole('checkbox').first().isChecked(), 'the practice channel is chosen');
  must((await page.inputValue('#when')) === 'in 1 min', 'When says in 1 min');
  await page.keyboard.type('Hello from the practice channel.');
  await click(page.locator('.head .main-act button').first());
  await page.waitForURL('**/deliveries/**');
  await page.waitForSelector('.help h2:has-text("Published")', { timeout: 90_000 });
  must(clicks <= 6, `${clicks} clicks`);
  await page.getByRole('link', { name: 'See it in the feed' }).click();
  await page.waitForSelector('article:has-text("Hello from the practice channel.")');
  await page.goto(`${url}/setup`);
  await page.waitForSelector('text=already claimed');
}
