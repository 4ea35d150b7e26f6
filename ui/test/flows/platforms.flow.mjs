// An app at a platform, from nothing to a channel, at a fake X: a callback address that isn't registered and a wrong secret are each
// named for what they are, the secret is never shown again, a manager who had to wait signs in there and lands on the channel. Every
// click that the shortest way needs is counted. Then the organization enters an app of its own, and removes it.
import { mkdirSync } from 'node:fs';
import { client, fakes, must, totp, wait } from './world.mjs';

let x;
export const options = {
  expects: [/40[0-9]|422/],
  async before() {
    const beside = await fakes('x');
    x = beside.x;
    return beside;
  },
};

export default async function platforms({ url, page, browser, workspace, organization, api }) {
  const pictures = process.env.OMNIPOSTO_PICTURES;
  if (pictures) mkdirSync(pictures, { recursive: true });
  /** As it looks now: light, dark, and on the narrowest phone. */
  const shoot = async (who, name) => {
    if (!pictures) return;
    const size = who.viewportSize();
    for (const [look, width, colorScheme] of [
      ['light', size.width, 'light'],
      ['dark', size.width, 'dark'],
      ['320', 320, 'light'],
    ]) {
      await who.setViewportSize({ width, height: size.height });
      await who.emulateMedia({ colorScheme });
      await wait(200);
      await who.screenshot({ path: `${pictures}/${name}-${look}.png`, fullPage: true });
    }
    await who.setViewportSize(size);
    await who.emulateMedia({ colorScheme: 'light' });
  };
  const register = (callback) => fetch(`${x.url}/-/callback`, { method: 'PUT', body: callback });
  let clicks = 0;
  const click = (locator) => {
    clicks++;
    return locator.click();
  };

  const { body: enrolled } = await api('POST', '/me/totp');
  await api('POST', '/me/totp/confirm', { code: totp(enrolled.secret) });
  const as = (who, by) =>
    who.context().addCookies([{ name: 'omniposto_session', value: by.cookie().split('=')[1], url }]);
  await as(page, api);
  const { body: invited } = await api('POST', `/organizations/${organization}/invitations`, {
    email: 'tom@halden.studio',
    role: 'member',
    workspaces: [{ workspace, role: 'manager' }],
  });
  const tomApi = client(url);
  await tomApi('POST', '/invitations/accept', {
    token: invited.link.split('#token=')[1],
    name: 'Tom Okafor',
    password: 'nine-quiet-tents-42',
  });
  const { page: tom } = await browser();
  await as(tom, tomApi);

  // Tom manages the workspace, not the server: he is told whom to ask.
  await tom.goto(`${url}/w/${workspace}/channels/connect/x`);
  await tom.getByText('Ask an administrator of this server').waitFor();
  must(!(await tom.getByRole('button', { name: 'Continue at X' }).count()), 'what can’t work has no button');
  await shoot(tom, 'connect-no-app');

  // The administrator: an app whose callback address isn't registered, then a wrong secret.
  const save = page.getByRole('button', { name: 'Save and test' });
  const last = page.getByRole('complementary', { name: 'Last test' });
  await page.goto(`${url}/admin`);
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Platforms' }).click();
  await page.getByText('Choose a platform').waitFor();
  await shoot(page, 'list');
  await page.getByRole('link', { name: /^X / }).click();
  await page.getByText('All 6 steps').waitFor();
  await shoot(page, 'unset');
  await save.click();
  await page.getByText('This is needed.').first().waitFor();
  const callback = await page.locator('code').first().innerText();
  must(callback === `${url}/connect/x/callback`, `the callback address is ${callback}`);
  await register('https://elsewhere.example/callback');
  await page.getByLabel('Client ID').fill(x.app.id);
  await page.getByLabel('Client secret').fill('a-wrong-secret-of-the-app');
  // Nothing typed is lost by a look elsewhere.
  await page.getByRole('link', { name: /^Mastodon/ }).click();
  await page.getByText('Mastodon needs no app').waitFor();
  await shoot(page, 'not-needed');
  await page.getByRole('link', { name: /^X / }).click();
  must((await page.getByLabel('Client ID').inputValue()) === x.app.id, 'what was typed is kept');
  await save.click();
  await last.getByText('X refused the callback address').waitFor();
  await shoot(page, 'callback-refused');
  await register(callback);
  await save.click();
  await last.getByText('X refused id or secret').waitFor();
  await page.getByText('X refused this, today').waitFor();
  await shoot(page, 'secret-refused');
  must(!(await page.content()).includes('a-wrong-secret'), 'a secret that was saved is gone from the page');
  await page.getByText('of-the-app').waitFor({ state: 'detached' });

  // From nothing once more, counted: enter, test, and a manager connects.
  await page.getByRole('button', { name: 'Remove app' }).click();
  await page.locator('dialog[open]').getByRole('button', { name: 'Remove app' }).click();
  await page.getByText('The app at X is removed here').waitFor();
  await page.goto(`${url}/admin`);
  await click(page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Platforms' }));
  await click(page.getByRole('link', { name: /^X / }));
  await page.getByLabel('Client ID').fill(x.app.id);
  await page.getByLabel('Client secret').fill(x.app.secret);
  await click(save);
  await last.getByText('X takes id, secret and callback address').waitFor();
  await page.getByRole('link', { name: 'Connect X in' }).waitFor();
  await shoot(page, 'works');

  await tom.goto(`${url}/w/${workspace}/channels`);
  await click(tom.getByRole('link', { name: 'Connect channel' }).first());
  await click(tom.getByRole('link', { name: 'X', exact: true }));
  await tom.getByText('The 5 rights that X will show you').waitFor();
  await shoot(tom, 'connect-ready');
  await click(tom.getByRole('button', { name: 'Continue at X' }));
  await tom.waitForURL(/\/channels\/chn_\w+$/);
  await tom.getByText('@me').first().waitFor();
  must(clicks <= 7, `${clicks} clicks from nothing to a channel`);

  // What the platform refuses at the end is said where it can be tried again.
  await tom.goto(`${url}/w/${workspace}/channels/connect/x`);
  await tom.getByRole('button', { name: 'Continue at X' }).click();
  await tom.waitForURL(/\/channels\/connect\/x$/);
  await tom.getByRole('alert').waitFor();
  await shoot(tom, 'connect-problem');

  // The organization's own app wins, and says which is used now.
  await page.goto(`${url}/o/${organization}/platforms/x`);
  await page.getByText('The server’s app is used now.').waitFor();
  await shoot(page, 'own-shared');
  await page.getByLabel('Client ID').fill(x.app.id);
  await page.getByLabel('Client secret').fill(x.app.secret);
  await save.click();
  await page.getByText('Your own app is used now.').waitFor();
  await last.getByText('X takes id, secret and callback address').waitFor();
  await shoot(page, 'own');

  await choosing({ url, workspace, tom, shoot });
}

/** The step after a sign-in that opens many, as the server would answer it: X has one account only. */
async function choosing({ url, workspace, tom, shoot }) {
  const items = Array.from({ length: 12 }, (_, i) => ({
    target: `t${i}`,
    name: `Fjellvik ${['Oslo', 'Bergen', 'Tromsø', 'Bodø'][i % 4]} ${i + 1}`,
    handle: `@fjellvik${i + 1}`,
    ...(i === 1 ? { connected: 'chn_06g2p7r8k1m3v5x9z2b4d6f8h0' } : {}),
  }));
  const until = new Date(Date.now() + 1_800_000).toISOString();
  const sent = [];
  await tom.route('**/channels/choose/*', (route) =>
    route.fulfill({ json: { platform: 'x', one: 'Page', label: 'Pages', items, until } }),
  );
  await tom.route('**/channels/choose', (route) => {
    sent.push(route.request().postDataJSON());
    return route.fulfill({
      status: 404,
      contentType: 'application/problem+json',
      json: { code: 'arrival_unknown', title: 'Gone', status: 404 },
    });
  });
  await tom.goto(`${url}/w/${workspace}/channels/connect/x#choose=arv_06g2p7r8k1m3v5x9z2b4d6f8h0`);
  await tom.getByRole('heading', { name: 'Choose pages at X' }).waitFor();
  must(await tom.getByRole('checkbox', { name: /Bergen 2/ }).isDisabled(), 'what is connected isn’t connected twice');
  await tom.getByRole('button', { name: 'Choose all' }).click();
  await tom.getByRole('button', { name: 'Connect 11 pages' }).waitFor();
  await tom.getByRole('button', { name: 'Choose none' }).click();
  await tom.getByRole('searchbox').fill('bod');
  await tom.getByRole('checkbox', { name: /Bodø 4/ }).check();
  await tom.getByRole('button', { name: 'Connect 1 page' }).waitFor();
  await tom.getByRole('searchbox').fill('');
  await tom.getByRole('checkbox', { name: /Oslo 1/ }).check();
  await shoot(tom, 'choose');
  await tom.getByRole('button', { name: 'Connect 2 pages' }).click();
  await tom.getByText('took too long or was used already').waitFor();
  must(JSON.stringify(sent[0].targets.sort()) === '["t0","t3"]', `sent ${JSON.stringify(sent[0])}`);
  await shoot(tom, 'choose-over');
  await tom.getByRole('button', { name: 'Sign in again' }).click();
  await tom.getByRole('button', { name: 'Continue at X' }).waitFor();
}
