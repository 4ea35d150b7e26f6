// Somebody loses every factor: two others of the organization say that it is them, each confirming with a factor of their own, the
// lost ones go, and nothing is open before a new one is set up.
import { join, postOffice } from './letters.mjs';
import { be, enrolApp, look, mira, must, nextCode, totp } from './world.mjs';

export const options = { expects: [/40[134]/], before: postOffice };

const password = 'nine-quiet-tents-42';
const ada = { name: 'Ada Brandt', email: 'ada@halden.example', password };
const tom = { name: 'Tom Okafor', email: 'tom@halden.example', password };

export default async function lost({ url, page, browser, api, workspace, organization, beside: office }) {
  const miraSecret = await enrolApp(api);
  const policy = { second_factor: true, ways: [], session_hours: 0, strict_totp: false };
  await api('PUT', `/organizations/${organization}/security`, policy, { 'If-Match': '"1"' });
  const her = { ...ada, role: 'member', workspaces: [{ workspace, role: 'publisher' }] };
  await enrolApp(await join(office, api, url, organization, her));
  const his = await join(office, api, url, organization, { ...tom, role: 'admin' });
  const hisSecret = await enrolApp(his);

  // She asks where she stands: at the second step.
  const she = (await browser()).page;
  await she.goto(`${url}/signin`);
  await she.getByLabel('E-mail').fill(ada.email);
  await she.getByLabel('Password', { exact: true }).fill(ada.password);
  await she.getByRole('button', { name: 'Continue' }).click();
  await she.getByRole('button', { name: 'I lost all of these' }).click();
  await she.getByText('of your organization were asked').waitFor();
  await look(she, 'lost-asked');

  await be(page.context(), url, api);
  await office.letter(mira.email, /has begun/);
  await page.goto(`${url}/recoveries`);
  await page.getByRole('button', { name: /It is them/ }).waitFor();
  await look(page, 'recoveries');
  const help = async (who, secret) => {
    await who.getByRole('button', { name: /It is them/ }).click();
    await who.locator('dialog[open] [autocomplete=one-time-code]').fill(nextCode(secret));
    if (who === page) await look(who, 'recoveries-stepup');
    await who.locator('dialog[open]').getByRole('button', { name: 'Confirm' }).click();
    await who.getByText('Your yes for Ada Brandt is kept').waitFor();
  };
  await help(page, miraSecret);
  await page.getByText('Waits for a second yes').waitFor();
  must(!(await page.getByRole('button', { name: /It is them/ }).count()), 'who said yes isn’t asked again');
  await look(page, 'recoveries-half');

  const other = await browser();
  await be(other.context, url, his);
  await other.page.goto(`${url}/o/${organization}/security`);
  await other.page.getByText('Lost second factors').scrollIntoViewIfNeeded();
  await look(other.page, 'security-recoveries');
  await help(other.page, hisSecret);
  await other.page.getByText('they can remove their second factor now').waitFor();

  // Ready: she comes in, and nothing is open before she has a factor again.
  await she.getByRole('button', { name: 'Look again' }).click();
  await she.getByRole('button', { name: 'Remove my lost factors' }).waitFor();
  await look(she, 'lost-ready');
  await she.getByRole('button', { name: 'Remove my lost factors' }).click();
  await she.waitForURL('**/me/security');
  await she.getByText('Your lost factors are removed').waitFor();
  await look(she, 'lost-removed');
  await she.goto(url);
  await she.getByText('asks its members for a second factor').waitFor();
  await look(she, 'barred-factor');
  await she.goto(`${url}/me/security`);
  await she.getByRole('button', { name: 'Set up an authenticator app' }).click();
  const key = she.locator('dialog[open] .key code');
  await key.waitFor();
  await she.locator('dialog[open] [autocomplete=one-time-code]').fill(totp(await key.innerText()));
  await she.locator('dialog[open]').getByRole('button', { name: 'Confirm' }).click();
  await she.getByLabel('I keep these codes in a safe place').check();
  await she.getByRole('button', { name: 'Done' }).click();
  await she.goto(url);
  await she.waitForURL('**/w/**');
}
