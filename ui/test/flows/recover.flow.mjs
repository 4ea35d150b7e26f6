// With real letters: an address is confirmed; a forgotten password is replaced in the browser that asked, once, and the second factor
// is asked as ever.
import { follow, join, postOffice } from './letters.mjs';
import { enrolApp, look, mira, must, nextCode } from './world.mjs';

export const options = { expects: [/40[13]|410/], before: postOffice };

const ada = { name: 'Ada Brandt', email: 'ada@halden.example', password: 'nine-quiet-tents-42' };

export default async function recover({ url, page, browser, api, organization, beside: office }) {
  // Without a link there is nothing to ask the server; with one it counts for who signs in.
  const asked = [];
  page.on('request', (request) => request.url().endsWith('/me/email/verify') && asked.push(request.url()));
  await page.goto(`${url}/verify-email`);
  await page.getByText('Open the link in the letter').waitFor();
  await look(page, 'verify-none');
  must(!asked.length, 'nothing is confirmed without a link');
  await api('POST', '/me/email', {});
  const confirming = await office.letter(mira.email, /Confirm your e-mail/);
  await follow(confirming, page, url);
  await page.getByLabel('E-mail').fill(mira.email);
  await page.getByLabel('Password', { exact: true }).fill(mira.password);
  await look(page, 'verify-signin');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('Your address is confirmed').waitFor();
  must(!page.url().includes('token'), 'the token leaves the address bar');
  await look(page, 'verify-done');
  await follow(confirming, page, url);
  await page.getByText('This link was used or has expired').waitFor();
  await look(page, 'verify-used');

  // Ada forgot her password. Her link is for the browser that asked, and for once.
  await enrolApp(api);
  const secret = await enrolApp(await join(office, api, url, organization, { ...ada, role: 'admin' }));
  const she = (await browser()).page;
  await she.goto(`${url}/signin`);
  await she.getByRole('link', { name: 'Forgot the password?' }).click();
  await look(she, 'recover-ask');
  await she.getByLabel('E-mail').fill(ada.email);
  await she.getByRole('button', { name: 'Send a link' }).click();
  await she.getByText('a letter with a link is on its way').waitFor();
  await look(she, 'recover-asked');
  const letter = await office.letter(ada.email, /Choose a new password/);
  const choose = async (who) => {
    await follow(letter, who, url);
    await who.getByLabel('New password').fill('eleven-warm-jackets-58');
    must(!who.url().includes('token'), 'the token leaves the address bar');
    await who.getByRole('button', { name: 'Use this password' }).click();
  };
  const elsewhere = (await browser()).page;
  await choose(elsewhere);
  await elsewhere.getByText('in the browser that you asked for it from').waitFor();
  await look(elsewhere, 'recover-elsewhere');
  await elsewhere.getByRole('button', { name: 'Ask for a new link' }).click();
  await elsewhere.getByRole('button', { name: 'Send a link' }).waitFor();
  await follow(letter, she, url);
  await look(she, 'recover-choose');
  await choose(she);
  await she.getByText('Code from your authenticator app').waitFor();
  await look(she, 'recover-second');
  const signedOut = await she.evaluate(() => fetch('/api/v1/session').then((answer) => answer.status));
  must(signedOut === 401, 'the password alone opened the door');
  await she.locator('[autocomplete=one-time-code]').fill(nextCode(secret));
  await she.waitForURL('**/w/**');
  await choose(she);
  await she.getByText('This link was used or has expired').waitFor();
  await look(she, 'recover-used');
}
