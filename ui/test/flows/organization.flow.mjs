// What an owner keeps an eye on: the log with its proof, keys for programs, how members sign in; and the server's own mail and log.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { must, totp, wait } from './world.mjs';

export const options = { expects: [/40[1349]|422/] };

export default async function organization({ url, page, browser, workspace, organization, api, binary }) {
  const pictures = process.env.OMNIPOSTO_PICTURES;
  if (pictures) mkdirSync(pictures, { recursive: true });
  const shoot = (who, name) => pictures && who.screenshot({ path: `${pictures}/${name}.png` });
  const { body: enrolled } = await api('POST', '/me/totp');
  await api('POST', '/me/totp/confirm', { code: totp(enrolled.secret) });
  await api('POST', `/organizations/${organization}/invitations`, { email: 'tom@halden.example', role: 'admin' });
  await api('POST', `/workspaces/${workspace}/posts`, { text: 'Wool for wind' });
  await page.context().addCookies([{ name: 'omniposto_session', value: api.cookie().split('=')[1], url }]);
  const base = `${url}/o/${organization}`;

  // A key: only its secret is shown once, and it opens what was chosen.
  await page.goto(`${base}/developers`);
  await page.waitForSelector('text=No keys yet');
  await shoot(page, 'keys-none');
  await page.getByRole('button', { name: 'New key' }).click();
  const dialog = page.locator('dialog[open]');
  await dialog.getByRole('button', { name: 'Make key' }).click();
  await dialog.getByText('This is needed.').waitFor();
  await dialog.getByLabel('What is it for?').fill('Import from the shop');
  must(await dialog.getByLabel('Schedule and publish').isDisabled(), 'a key for drafts publishes nothing');
  await shoot(page, 'keys-new');
  await dialog.getByRole('button', { name: 'Make key' }).click();
  await dialog.getByLabel('The key', { exact: true }).waitFor();
  const secret = await dialog.getByLabel('The key', { exact: true }).inputValue();
  await wait(250);
  await shoot(page, 'keys-made');
  const asProgram = (path) =>
    fetch(`${url}/api/v1${path}`, { headers: { Authorization: `Bearer ${secret}` } }).then((answer) => answer.status);
  must((await asProgram(`/workspaces/${workspace}/posts`)) === 200, 'the key reads posts');
  await dialog.getByRole('button', { name: 'I keep it in a safe place' }).click();
  await page.waitForSelector('td:has-text("Import from the shop")');
  must(!(await page.content()).includes(secret), 'the secret is gone from the page');
  await shoot(page, 'keys-list');
  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.locator('dialog[open]').getByRole('button', { name: 'Revoke' }).click();
  await page.waitForSelector('text=No keys yet');
  must((await asProgram(`/workspaces/${workspace}/posts`)) === 401, 'a revoked key opens nothing');

  // The log: words, details, filters in the address.
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Audit log' }).click();
  await page.waitForSelector('text=Revoked an API key');
  await page
    .getByRole('row', { name: /Made an API key/ })
    .getByRole('button')
    .click();
  await page.waitForSelector('text=key.created');
  await page.waitForSelector('.more :text("Import from the shop")');
  await shoot(page, 'audit');
  await page.getByRole('button', { name: 'All acts' }).click();
  await page.getByRole('menuitemradio', { name: 'Posts' }).click();
  await page.waitForURL('**what=post.**');
  await page.waitForSelector('text=Wrote a post');
  await page.locator('text=Revoked an API key').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Any time' }).click();
  await page.getByRole('button', { name: 'Today' }).click();
  await page.waitForURL('**from=**');
  await page.waitForSelector('text=Wrote a post');
  await page.goto(`${base}/audit?what=delivery.`);
  await page.waitForSelector('text=Nothing fits these filters');
  await page.getByRole('search').getByRole('button', { name: 'Clear filters' }).click();
  await page.waitForSelector('text=Revoked an API key');

  // Its proof: here, and offline from the bundle that was taken away.
  await page.getByRole('button', { name: 'Verify' }).click();
  await page.waitForSelector('h2:has-text("unbroken")');
  await page.getByRole('button', { name: 'Export' }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator('dialog[open]').getByRole('button', { name: 'Export' }).click(),
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'omniposto-bundle-'));
  try {
    const bundle = join(folder, download.suggestedFilename());
    await download.saveAs(bundle);
    must(/^audit-org_.*\.zip$/.test(download.suggestedFilename()), `the bundle is ${download.suggestedFilename()}`);
    await page.waitForSelector('text=The export is in your downloads.');
    await page.getByText('Check it without this server').click();
    const command = await page.locator('dd:has-text("omniposto audit verify") code').innerText();
    const given = command.replace('BUNDLE', bundle).split(' ').slice(1);
    const verdict = execFileSync(resolve(binary), given, { encoding: 'utf8' });
    must(/unbroken/i.test(verdict), `offline it is ${verdict}`);
    await shoot(page, 'audit-offline');
    must(readFileSync(bundle).length > 1000, 'the bundle holds the log');
  } finally {
    rmSync(folder, { recursive: true });
  }

  // What was found stays honest: how far it is, and the first event that isn't right.
  const finds = async (found, words) => {
    await page.route('**/audit/verify', (route) => route.fulfill({ json: found }));
    await page.goto(`${base}/audit`);
    await page.getByText(words).waitFor();
    await shoot(page, `audit-${found.state}`);
    await page.unroute('**/audit/verify');
  };
  await finds({ state: 'running', checked: 4000, total: 12408 }, '4,000 of 12,408 events');
  await finds(
    { state: 'broken', checked: 41, total: 12408, problem: { seq: 41, why: 'its bytes were changed' } },
    'Event #41 isn’t what was written',
  );

  // A long log comes in pages.
  for (let n = 0; n < 50; n++) await api('POST', `/workspaces/${workspace}/posts`, { text: `Draft ${n}` });
  await page.goto(`${base}/audit`);
  await page.waitForSelector('text=Wrote a post');
  must((await page.getByText('Set the server up').count()) === 0, 'the first page holds the newest events only');
  await page.getByRole('button', { name: 'Show more' }).click();
  await page.waitForSelector('text=Set the server up');

  // Checkpoints go elsewhere; the address isn't shown again.
  await page.getByRole('link', { name: 'Off-site copies' }).click();
  await page.getByRole('button', { name: 'Set up Webhook' }).click();
  await page.locator('dialog[open]').getByLabel('Address').fill('audit.halden.example');
  await page.locator('dialog[open]').getByRole('button', { name: 'Send checkpoints there' }).click();
  await page.locator('dialog[open] [aria-invalid]').waitFor();
  await page.locator('dialog[open]').getByLabel('Address').fill('https://audit.halden.example/secret-path');
  await shoot(page, 'offsite-form');
  await page.locator('dialog[open]').getByRole('button', { name: 'Send checkpoints there' }).click();
  await page.waitForSelector('li:has-text("audit.halden.example")');
  must(!(await page.content()).includes('secret-path'), 'the address isn’t shown again');
  await shoot(page, 'offsite');
  await page.getByRole('button', { name: 'End Webhook' }).click();
  await page.locator('dialog[open]').getByRole('button', { name: 'End', exact: true }).click();
  await page.getByRole('button', { name: 'Set up Webhook' }).waitFor();

  // Single sign-on says what is wrong before anything is kept.
  await page.goto(`${base}/security`);
  await page.waitForSelector('text=Every member has a second factor.');
  await page.getByRole('button', { name: 'Save sign-on' }).click();
  must((await page.locator('main [aria-invalid]').count()) === 2, 'issuer and client are needed');
  await page.getByLabel('Issuer').fill('https://login.halden.example');
  await page.getByLabel('Client id').fill('omniposto');
  await page.getByLabel('Claim that tells the role').fill('groups');
  await page.getByRole('button', { name: 'Add a rule' }).click();
  await page.getByLabel('Value 1', { exact: true }).fill('posts-admins');
  await page.getByRole('button', { name: 'Save sign-on' }).click();
  await page.locator('main [role=alert]').waitFor();
  await shoot(page, 'security');

  // The server: mail that waits, how to turn it on, the way back for who lost everything, its own log.
  await page.goto(`${url}/admin/mail`);
  await page.waitForSelector('text=Letters don’t leave this server yet');
  await shoot(page, 'mail');
  await page.goto(`${url}/admin/recoveries`);
  await page.getByLabel('E-mail').fill('nobody@halden.example');
  await page.getByRole('button', { name: 'Begin a recovery' }).click();
  await page.waitForSelector('text=The wait has begun');
  await shoot(page, 'recoveries');
  await page.goto(`${url}/admin/audit`);
  await page.waitForSelector('text=Began a recovery');
  await shoot(page, 'admin-audit');

  // A phone in the dark.
  const phone = await browser({ width: 320, height: 700, dark: true, touch: true });
  await phone.context.addCookies(await page.context().cookies());
  for (const [name, address] of Object.entries({
    audit: `${base}/audit`,
    offsite: `${base}/audit/offsite`,
    keys: `${base}/developers`,
    security: `${base}/security`,
    mail: `${url}/admin/mail`,
    recoveries: `${url}/admin/recoveries`,
  })) {
    await phone.page.goto(address);
    await phone.page.waitForSelector('main h1');
    await wait(500);
    if (name === 'audit') await phone.page.locator('tbody button').first().click();
    const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth);
    must(wide <= 320, `${name} is ${wide} px wide on a phone`);
    await shoot(phone.page, `phone-${name}`);
  }
}
