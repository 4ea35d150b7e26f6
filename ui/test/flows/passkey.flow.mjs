// Passkeys with a virtual authenticator: added in one touch, then they sign in, confirm sensitive acts, and go.
import { mkdirSync } from 'node:fs';
import { authenticator, mira, must, signIn } from './world.mjs';

export const options = { expects: [/40[13]/] };

export default async function passkey({ url, page, context, browser, workspace }) {
  const pictures = process.env.OMNIPOSTO_PICTURES;
  if (pictures) mkdirSync(pictures, { recursive: true });
  const shoot = (name, who = page) => pictures && who.screenshot({ path: `${pictures}/${name}.png` });
  const device = await authenticator(context, page);
  await page.goto(`${url}/signin`);
  await page.waitForSelector('text=Sign in with a passkey');
  await shoot('signin');
  await signIn(page, url);

  // The first factor brings recovery codes, and ends other sessions.
  await page.goto(`${url}/w/${workspace}/me/security`);
  await page.getByRole('button', { name: 'Add passkey' }).click();
  await page.locator('dialog[open]').getByLabel('Name').fill('Red laptop');
  await page.getByRole('button', { name: 'Create passkey' }).click();
  await page.waitForSelector('text=They are shown only now');
  await page.getByLabel('I keep these codes in a safe place').check();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.waitForSelector('li:has-text("Red laptop")');
  await shoot('security-passkey');

  // Signed out, the passkey alone signs in: the browser offers it, or the button asks for it.
  await page.getByRole('button', { name: /Mira Lindqvist/ }).click();
  await page.getByText('Sign out').click();
  await page.waitForURL('**/signin');
  await page
    .getByRole('button', { name: 'Sign in with a passkey' })
    .click({ timeout: 1500 })
    .catch(() => undefined);
  await page.waitForURL('**/w/**');

  // After the password it is the second step.
  await context.clearCookies();
  await device.silent();
  await page.goto(`${url}/signin`);
  await page.fill('[name=email]', mira.email);
  await page.fill('[name=password]', mira.password);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Use passkey' }).waitFor();
  await shoot('second-step');
  await device.willing();
  await page.getByRole('button', { name: 'Use passkey' }).click();
  await page.waitForURL('**/w/**');

  // A sensitive act right after needs nothing more; after a removal the session has no proof and nothing is left to remove.
  await page.goto(`${url}/w/${workspace}/me/security`);
  await page.locator('li:has-text("Red laptop")').getByRole('button', { name: 'Remove' }).click();
  await page.locator('dialog[open]').getByRole('button', { name: 'Remove' }).click();
  await page.waitForSelector('text=None yet');

  // A phone in the dark shows the sign-in whole.
  const phone = await browser({ width: 320, height: 640, dark: true, touch: true });
  await phone.page.goto(`${url}/signin`);
  await phone.page.waitForSelector('text=Forgot the password');
  must((await phone.page.evaluate(() => document.documentElement.scrollWidth)) <= 320, 'wider than a phone');
  await shoot('signin-phone', phone.page);
  await phone.page.goto(`${url}/recover`);
  // No letter leaves this server, and nobody is left waiting for one.
  await phone.page.waitForSelector('text=This server sends no letters yet');
  await shoot('recover-no-mail', phone.page);
  await phone.page.route('**/api/v1/setup', (route) => route.fulfill({ json: { claimed: true, mail: true } }));
  await phone.page.reload();
  await phone.page.getByLabel('E-mail').fill('nobody@halden.studio');
  await phone.page.getByRole('button', { name: 'Send a link' }).click();
  await phone.page.waitForSelector('text=good for half an hour');
  await shoot('recover-phone', phone.page);
}
