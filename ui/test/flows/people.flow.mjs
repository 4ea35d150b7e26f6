// A second factor, its recovery codes, an invitation that is passed on by hand, and a session that ends while somebody writes.
import { mira, must, signIn, totp } from './world.mjs';

export const options = { expects: [/40[13]/] };

export default async function people({ url, page, browser, workspace, api }) {
  await signIn(page, url);
  await page.goto(`${url}/w/${workspace}/me/security`);
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click();
  const confirm = page.locator('dialog[open]');
  await page.waitForFunction(
    () =>
      document.querySelector('dialog[open] .qr') ||
      document.querySelectorAll('dialog[open]').length > 1 ||
      document.querySelector('dialog[open] [type=password]'),
  );
  if (await page.locator('dialog[open] [type=password]').count()) {
    await page.locator('dialog[open] [type=password]').last().fill(mira.password);
    await page.getByRole('button', { name: 'Confirm' }).last().click();
  }
  await page.waitForSelector('.qr');
  const secret = (await page.locator('.key code').innerText()).replace(/\s/g, '');
  await confirm.locator('input[autocomplete=one-time-code]').last().fill(totp(secret));
  await page.getByRole('button', { name: 'Confirm' }).last().click();
  await page.waitForSelector('text=They are shown only now');
  const codes = await page.locator('dialog[open] ol code').allInnerTexts();
  must(codes.length === 10, `${codes.length} recovery codes`);
  await page.getByLabel('I keep these codes in a safe place').check();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.waitForSelector('text=An authenticator app is asked');

  // Inviting is sensitive; the fresh factor counts.
  await page.goto(`${url}/w/${workspace}/members?invite=1`);
  await page.locator('dialog[open] input[type=email]').fill('tom@halden.studio');
  await page.getByRole('button', { name: 'Send invitation' }).click();
  const link = await page.locator('dialog[open] input[readonly]').inputValue();
  const tom = await browser();
  await tom.page.goto(link.replace(/^https?:\/\/[^/]+/, url));
  await tom.page.waitForSelector('text=Join Halden Studio');
  must(!tom.page.url().includes('token'), 'the token leaves the address bar');
  await tom.page.fill('[autocomplete=name]', 'Tom Okafor');
  await tom.page.fill('[autocomplete=new-password]', 'another-quiet-lantern-12');
  await tom.page.getByRole('button', { name: 'Join' }).click();
  await tom.page.waitForURL('**/w/**');
  must((await tom.page.getByRole('link', { name: 'Settings' }).count()) === 0, 'a publisher sees no settings');
  must(await tom.page.getByRole('link', { name: 'New post' }).count(), 'a publisher writes');

  // Signing in asks for the second step; a recovery code does as well, once.
  const again = await browser();
  await again.page.goto(`${url}/signin`);
  await again.page.fill('[name=email]', mira.email);
  await again.page.fill('[name=password]', mira.password);
  await again.page.keyboard.press('Enter');
  await again.page.getByRole('button', { name: 'Use a recovery code' }).click();
  await again.page.fill('[autocomplete=one-time-code]', codes[0]);
  await again.page.keyboard.press('Enter');
  await again.page.waitForURL('**/w/**');

  // The session ends elsewhere while Tom writes: he signs in where he is and goes on.
  await tom.page.keyboard.press('c');
  await tom.page.waitForSelector('.composer textarea');
  await tom.context.clearCookies();
  await tom.page.keyboard.type('Half a sentence');
  await tom.page.waitForSelector('dialog[open]:has-text("Sign in again")');
  await tom.page.locator('dialog[open] [type=password]').fill('another-quiet-lantern-12');
  await tom.page.locator('dialog[open]').getByRole('button', { name: 'Continue' }).click();
  await tom.page.waitForSelector('.saved[data-saved=saved]');
  must((await tom.page.inputValue('.composer textarea')).startsWith('Half a sentence'), 'the text is still there');
  void api;
}
