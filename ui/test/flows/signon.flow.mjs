// A real OpenID provider, and every step by the pages: an owner with a passkey sets the organization's sign-on, a stranger becomes a
// member with the role that the provider's groups say, nobody comes in whom the provider doesn't vouch for, and reads why. A member
// links their own sign-in. Then the sign-on is forced: a password opens nothing any more and the page says what does. Last the owner
// removes it.
// Needs `npm ci` in test/servers, or the folder that OMNIPOSTO_SERVERS names.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { mkdirSync } from 'node:fs';
import { addPasskey, client, fromPage, must } from './world.mjs';

export const options = {
  expects: [/40[0-9]/],
  async before() {
    const folder = process.env.OMNIPOSTO_SERVERS ?? new URL('../servers/', import.meta.url).pathname;
    const server = spawn('node', ['oidc.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
    const line = await new Promise((done, fail) => {
      createInterface({ input: server.stdout }).on('line', (text) => text.startsWith('{"url"') && done(text));
      server.once('exit', (code) => fail(new Error(`the OpenID provider ended with ${code}`)));
    });
    const provider = JSON.parse(line);
    return { provider, env: { OMNIPOSTO_NETWORK__ALLOW_PRIVATE: '127.0.0.0/8' }, stop: () => server.kill() };
  },
};

const tom = { email: 'tom@halden.studio', password: 'nine-quiet-tents-42', name: 'Tom Okafor' };

export default async function signon({
  url,
  page,
  context,
  browser,
  organization,
  workspace,
  api,
  beside: { provider },
}) {
  const pictures = process.env.OMNIPOSTO_PICTURES;
  if (pictures) mkdirSync(pictures, { recursive: true });
  const shoot = (who, name) => pictures && who.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
  const me = (who) => who.evaluate(async () => (await fetch('/api/v1/session')).json());
  /** Proves at the provider who one is, and lets Omni Posto know it. */
  const prove = async (who, login) => {
    await who.waitForURL((at) => at.origin === provider.url);
    if (login) {
      await who.fill('[name=login]', login);
      await who.fill('[name=password]', 'any');
      await who.getByRole('button', { name: 'Sign-in' }).click();
    }
    await who.getByRole('button', { name: 'Continue' }).click();
    await who.waitForURL((at) => at.origin === url && at.pathname !== '/sign-on/callback');
  };
  /** Reads a notice, and that the address doesn't keep it. */
  const told = async (who, words) => {
    await who.getByText(words).waitFor();
    must(!/problem|linked|confirmed/.test(who.url()), `the address keeps what came of it: ${who.url()}`);
  };

  // The owner sets it up. An address that isn't a provider is refused before anything is kept.
  await addPasskey(page, context, url, workspace);
  await page.goto(`${url}/o/${organization}/security`);
  const form = page.locator('form', { has: page.getByLabel('Issuer') });
  const save = form.getByRole('button', { name: 'Save sign-on' });
  await form.getByLabel('Issuer').fill(`${provider.url}/nowhere`);
  await save.click();
  await form.getByText('This is needed.').first().waitFor();
  await form.getByLabel('Client id').fill(provider.client);
  await form.getByLabel('Client secret', { exact: true }).fill(provider.secret);
  await save.click();
  await form.getByRole('alert').waitFor();
  await shoot(page, 'signon-refused');
  await form.getByLabel('Issuer').fill(provider.url);
  await form.getByLabel('Claim that tells the role').fill('groups');
  await form.getByRole('button', { name: 'Add a rule' }).click();
  await form.getByLabel('Value 1', { exact: true }).fill('posts-admins');
  await form.getByLabel('Role for value 1').selectOption('admin');
  await save.click();
  await page.getByText('The sign-on is in force.').waitFor();
  must((await form.getByLabel('Client secret', { exact: true }).inputValue()) === '', 'the secret leaves the page');
  await page.reload();
  await form.getByLabel('Value 1', { exact: true }).waitFor();
  must((await form.getByLabel('Value 1', { exact: true }).inputValue()) === 'posts-admins', 'the rule is kept');
  await shoot(page, 'signon-form');
  const begin = await page.locator('dd code', { hasText: '/sign-in#organization=' }).innerText();

  // A stranger comes in by it and is what the provider's groups say; from another browser it is the same person.
  const visitor = (await browser()).page;
  const come = async (login) => {
    await visitor.context().clearCookies({ name: 'omniposto_session' });
    await visitor.goto('about:blank');
    await visitor.goto(begin);
    await visitor.getByRole('button', { name: 'Sign in with your organization' }).click();
    await prove(visitor, login);
  };
  await come('nina');
  await visitor.waitForURL('**/w/**');
  const nina = await me(visitor);
  must(nina.identity.name === 'Nina Berg' && nina.identity.email_verified, 'the provider says who came');
  must(nina.organizations.length === 1 && nina.organizations[0].role === 'admin', 'the groups say the role');
  await come();
  await visitor.waitForURL('**/w/**');
  await visitor.context().clearCookies();
  await come('nina');
  await visitor.waitForURL('**/w/**');
  must((await me(visitor)).identity.id === nina.identity.id, 'it is the same person each time');

  // Where an act asks for a factor, the sign-on is it: this provider proves one only, which is said where she left from.
  await visitor.goto(`${url}/o/${organization}/developers`);
  await visitor.getByRole('button', { name: 'New key' }).first().click();
  await visitor.getByLabel('What is it for?').fill('Import from the shop');
  await visitor.locator('dialog[open] fieldset input').first().check();
  await visitor.locator('dialog[open]').getByRole('button', { name: 'Make key' }).click();
  await visitor.getByText('asks who you are').waitFor();
  await shoot(visitor, 'signon-stepup');
  await visitor.getByRole('button', { name: 'Sign in with your organization' }).click();
  await prove(visitor, 'nina');
  await told(visitor, "The provider's answer wasn't right");
  await visitor.waitForURL('**/developers');

  // Whom the provider doesn't vouch for stays outside and reads why, once.
  for (const [login, why] of [
    ['otto', "The provider doesn't say that your e-mail address is confirmed."],
    ['mallory', "The provider's answer wasn't right, so nobody was signed in."],
  ]) {
    await visitor.context().clearCookies();
    await come(login);
    await told(visitor, why);
    must((await me(visitor)).status === 401, `${login} is in`);
    await visitor.getByRole('button', { name: 'Sign in with your organization' }).waitFor();
    await shoot(visitor, `signon-${login}`);
    await visitor.reload();
    await visitor.getByLabel('E-mail').waitFor();
    must(!(await visitor.getByText(why).count()), 'the words come once');
  }

  // Tom, who has a password here, links what the provider calls him with his own sign-in.
  const { body: invited } = await fromPage(page, `/organizations/${organization}/invitations`, {
    email: tom.email,
    role: 'member',
  });
  await client(url)('POST', '/invitations/accept', {
    ...tom,
    email: undefined,
    token: invited.link.split('#token=')[1],
  });
  const member = (await browser()).page;
  await member.goto(`${url}/signin?to=/me/security`);
  await member.fill('[name=email]', tom.email);
  await member.fill('[name=password]', tom.password);
  await member.keyboard.press('Enter');
  await member.getByRole('heading', { name: 'Sign-on of your organizations' }).waitFor();
  await shoot(member, 'signon-link');
  await member.getByRole('button', { name: 'Link Halden Studio' }).click();
  await prove(member, 'otto');
  await told(member, 'The sign-on is linked');
  await member.waitForURL('**/me/security');
  await member.getByText('Linked', { exact: true }).waitFor();
  await shoot(member, 'signon-linked');

  // What is Tom's can't become the owner's too.
  await page.getByRole('link', { name: 'Try it' }).click();
  await page.getByRole('button', { name: 'Link Halden Studio' }).click();
  await prove(page, 'otto');
  await told(page, 'This sign-on belongs to another person here.');

  // Forced: each session of Tom's is led to the sign-on, and so is his password. Where the provider's answer isn't right, the words
  // come back to the page that led there.
  const elsewhere = client(url);
  await elsewhere('POST', '/session', { email: tom.email, password: tom.password });
  const cookie = { name: 'omniposto_session', value: elsewhere.cookie().split('=')[1], url };
  await visitor.context().addCookies([cookie]);
  await page.goto(`${url}/o/${organization}/security`);
  await form.getByLabel('Members come in by the sign-on only').check();
  await save.click();
  await page.getByText('The sign-on is in force.').waitFor();
  await visitor.goto(url);
  await visitor.getByRole('button', { name: 'Sign in with your organization' }).click();
  await prove(visitor);
  await told(visitor, "The provider's answer wasn't right");
  await visitor.waitForURL('**/organizations');
  await member.goto(url);
  await member.getByText('Its members come in by its own sign-on.').waitFor();
  await shoot(member, 'signon-barred');
  await member.getByRole('button', { name: 'Sign in with your organization' }).click();
  await prove(member);
  await member.getByRole('heading', { name: 'Your organizations' }).waitFor();
  must((await me(member)).identity.email === tom.email, 'it is Tom');
  await member.context().clearCookies({ name: 'omniposto_session' });
  await member.goto(`${url}/signin`);
  await member.fill('[name=email]', tom.email);
  await member.fill('[name=password]', tom.password);
  await member.keyboard.press('Enter');
  await member.getByText('Your organization asks its members to come in by its own sign-on.').waitFor();
  await shoot(member, 'signon-password');
  await member.getByRole('button', { name: 'Sign in with your organization' }).click();
  await prove(member);
  await member.getByRole('heading', { name: 'Your organizations' }).waitFor();

  // Removed: who came by it is out, and the password opens again.
  await form.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.locator('dialog[open]').getByRole('button', { name: 'Remove' }).click();
  await page.getByText('The sign-on is removed.').waitFor();
  must((await form.getByLabel('Issuer').inputValue()) === '', 'the form is empty');
  must((await me(member)).status === 401, 'who came by the sign-on is still in');
  await client(url)('POST', '/session', { email: tom.email, password: tom.password });
}
