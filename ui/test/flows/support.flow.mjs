// Support access from both sides: a request, its approval with a factor, reads that the owner sees appear, and the withdrawal
// that empties the staff's page within a second.
import { mkdirSync } from 'node:fs';
import { addPasskey, ask, authenticator, be, client, enrol, must, wait } from './world.mjs';

export const options = { expects: [/40[13]/] };

const ada = { email: 'ada@support.example', password: 'seven-lamps-in-a-harbour', name: 'Ada Brandt' };
const reason = 'A post to the practice feed waits since Monday. I would like to see its deliveries.';

export default async function support({ url, page, browser, workspace, organization, api }) {
  const pictures = process.env.OMNIPOSTO_PICTURES;
  if (pictures) mkdirSync(pictures, { recursive: true });
  const shoot = (who, name) => pictures && who.screenshot({ path: `${pictures}/${name}.png` });
  const { body: channels } = await api('GET', `/workspaces/${workspace}/channels`);
  const { body: post } = await api('POST', `/workspaces/${workspace}/posts`, {
    text: 'Wool for wind: three jackets for the ridge.',
    channels: [channels.items[0].id],
    schedule: { now: true },
  });
  // The owner has a passkey.
  await addPasskey(page, page.context(), url, workspace);
  await page.waitForSelector('text=Counts for support access', { state: 'detached' });
  const { body: added } = await ask(page, 'POST', '/instance/staff', { email: ada.email, name: ada.name });
  const staffApi = client(url);
  await staffApi('POST', '/invitations/accept', {
    token: added.link.split('#token=')[1],
    name: ada.name,
    password: ada.password,
  });

  // The owner reads out the code; nobody has access.
  await page.goto(`${url}/o/${organization}/support`);
  await page.waitForSelector('text=Nobody has access.');
  const spoken = await page.locator('.code code').innerText();
  must(/^[2-9A-Z]{5}-[2-9A-Z]{5}$/.test(spoken), `the support code is ${spoken}`);
  await shoot(page, 'support-nobody');

  // The staff person asks, and has no second factor yet: sets up a passkey on the way, and the request goes on as it was written.
  const staff = await browser();
  await authenticator(staff.context, staff.page);
  await be(staff.context, url, staffApi);
  await staff.page.goto(`${url}/staff`);
  await staff.page.waitForSelector('text=No grants');
  await staff.page.getByRole('button', { name: 'Request access' }).click();
  const form = staff.page.locator('dialog[open]');
  await form.getByLabel('Support code').fill(spoken);
  await form.getByLabel('Ticket').fill('SUP-4711');
  await form.getByLabel('Reason').fill(reason);
  await form.getByText('Posts', { exact: true }).click();
  await form.getByText('Organization', { exact: true }).click();
  await form.getByLabel('For how long').selectOption('24');
  await shoot(staff.page, 'staff-ask');
  await form.getByRole('button', { name: 'Send request' }).click();
  await staff.page.getByText('You have none yet. Set one up here').waitFor();
  await shoot(staff.page, 'staff-factor');
  await enrol(staff.page);
  await staff.page.waitForSelector('text=Waits for a decision');

  // The owner sees the request appear, cuts it, and approves with the passkey, whose challenge holds this very request and answer.
  await page.waitForSelector('text=Ada Brandt');
  await page.getByRole('button', { name: '1 thing needs a person' }).click();
  await page.getByText('Ada Brandt of support asks to look at your organization').waitFor();
  await shoot(page, 'support-bell');
  await page.keyboard.press('Escape');
  await shoot(page, 'support-request');
  await page.locator('.category', { hasText: 'Organization' }).locator('input').uncheck();
  await page.locator('.for select').selectOption('4');
  await page.getByRole('button', { name: 'Approve for 4 hours' }).click();
  await page.getByRole('button', { name: 'Use passkey' }).click();
  await page.waitForSelector('text=Active now');

  // Staff read; the owner sees it as it happens.
  await staff.page.getByRole('link', { name: 'Open' }).click({ timeout: 10_000 });
  await staff.page.waitForSelector('text=You are reading Halden Studio');
  await staff.page.getByRole('link', { name: post.id }).waitFor();
  must(!(await staff.page.content()).includes('Wool for wind'), 'a list shows no text');
  await shoot(staff.page, 'staff-posts');
  await staff.page.getByRole('link', { name: post.id }).click();
  await staff.page.waitForSelector('text=Wool for wind');
  must(
    (await staff.page.locator('svg.watermark').textContent()).includes('Ada Brandt'),
    'the watermark names who reads',
  );
  await shoot(staff.page, 'staff-post');
  await page.waitForSelector(`li:has-text("${post.id}")`);
  await shoot(page, 'support-active');

  // The withdrawal takes one click and no factor, and closes the staff's page within a second.
  const gone = staff.page.waitForSelector('text=This access is over', { timeout: 5000 });
  await page.getByRole('button', { name: 'Withdraw now' }).click();
  const at = Date.now();
  await gone;
  must(Date.now() - at < 1000, `the page closed after ${Date.now() - at} ms`);
  must(!(await staff.page.content()).includes('Wool for wind'), 'the content is gone from the page');
  const kept = await staff.page.evaluate(async () => {
    const boxes = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })];
    for (const name of (await globalThis.caches?.keys()) ?? []) boxes.push(name);
    return boxes.join(' ');
  });
  must(!kept.includes('Wool'), 'the content is in no storage');
  await shoot(staff.page, 'staff-over');
  await page.waitForSelector('text=Withdrawn by Mira Lindqvist');
  await shoot(page, 'support-past');
  await wait(100);

  // The log names who read and what: fields and records, never a value.
  await page.goto(`${url}/o/${organization}/audit?what=support.read`);
  const read = page.getByRole('row', { name: /Ada Brandt staff.*Read a record/ }).first();
  await read.getByRole('button').click();
  const details = page.locator('.more').first();
  await details.getByText(post.id).first().waitFor();
  must(/Posts, 1 record/.test(await details.innerText()), 'the event says what was read');
  must(!(await page.content()).includes('Wool for wind'), 'the log holds no content');
  await shoot(page, 'audit-read');

  // A phone in the dark shows the same.
  const phone = await browser({ width: 320, height: 700, dark: true, touch: true });
  await phone.context.addCookies(await page.context().cookies()); // the step-up gave the session another token
  await phone.page.goto(`${url}/o/${organization}/support`);
  await phone.page.waitForSelector('text=Nobody has access.');
  must(
    (await phone.page.evaluate(() => document.documentElement.scrollWidth)) <= 320,
    'the page is wider than a phone',
  );
  await shoot(phone.page, 'support-phone');
}
