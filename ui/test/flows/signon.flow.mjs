// A real OpenID provider: an owner with a passkey sets the organization's sign-on, a stranger becomes a member with the role that
// the provider's groups say, comes again from another browser, and nobody comes in whom the provider doesn't vouch for. Then
// the sign-on is forced, and a password opens nothing any more.
// Needs `npm ci` in test/servers, or the folder that OMNIPOSTO_SERVERS names.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { addPasskey, ask, authenticator, client, must } from './world.mjs';

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

export default async function signon({ url, page, context, browser, organization, api, beside: { provider } }) {
  await context.addCookies([{ name: 'omniposto_session', value: api.cookie().split('=')[1], url }]);
  await page.goto(url);
  await page.waitForURL('**/w/**');
  await authenticator(context, page);
  await addPasskey(page);
  const setting = {
    issuer: provider.url,
    client: provider.client,
    secret: provider.secret,
    role_claim: 'groups',
    roles: [{ value: 'posts-admins', role: 'admin' }],
  };
  const set = (more) => ask(page, 'PUT', `/organizations/${organization}/sign-on`, { ...setting, ...more });
  const first = await set({});
  must(first.status === 200, `the sign-on was refused: ${JSON.stringify(first.body)}`);

  const visitor = (await browser()).page;
  const anew = () => visitor.context().clearCookies(); // as another browser
  /** Goes to the provider, proves there who one is if it asks, and gives where that led to. */
  const come = async (login) => {
    await visitor.goto(`${url}/signin`);
    await visitor.waitForLoadState('networkidle'); // the page asks for a passkey's challenge, which names the browser too
    const begun = await ask(visitor, 'POST', '/session/sign-on', { organization });
    must(begun.status === 200, `the sign-on didn't begin: ${JSON.stringify(begun.body)}`);
    await visitor.goto(begun.body.authorize_url);
    if (login) {
      await visitor.fill('[name=login]', login);
      await visitor.fill('[name=password]', 'any');
      await visitor.getByRole('button', { name: 'Sign-in' }).click();
    }
    await visitor.getByRole('button', { name: 'Continue' }).click(); // it asks whether Omni Posto may know
    await visitor.waitForURL((at) => at.origin === url && at.pathname !== '/sign-on/callback', { waitUntil: 'commit' });
    return { at: visitor.url(), me: await ask(visitor, 'GET', '/session') };
  };

  const { me, at } = await come('nina');
  must(me.status === 200, `nobody came in: ${at}`);
  must(me.body.identity.name === 'Nina Berg' && me.body.identity.email_verified, 'the provider says who came');
  must(me.body.organizations.length === 1 && me.body.organizations[0].role === 'admin', 'the groups say the role');
  const again = await come();
  must(again.me.body?.identity.id === me.body.identity.id, 'who is signed in there comes in without a password');
  await anew();
  const second = await come('nina');
  must(second.me.body?.identity.id === me.body.identity.id, 'from another browser it is the same person');

  for (const [login, why] of [
    ['otto', 'an address that isn’t confirmed'],
    ['mallory', 'a token that is meant for another client'],
  ]) {
    await anew();
    const refused = await come(login);
    must(refused.me.status === 401, `${why} opened the door`);
    must(/#problem=/.test(refused.at), `${why} led to ${refused.at}`);
  }
  const members = await ask(page, 'GET', `/organizations/${organization}/members`);
  must(members.body.items.length === 2, `${members.body.items.length} members`);

  const tom = { email: 'tom@halden.studio', password: 'nine-quiet-tents-42', name: 'Tom Okafor' };
  const invited = await ask(page, 'POST', `/organizations/${organization}/invitations`, {
    email: tom.email,
    role: 'member',
  });
  await client(url)('POST', '/invitations/accept', {
    ...tom,
    email: undefined,
    token: invited.body.link.split('#token=')[1],
  });
  await client(url)('POST', '/session', { email: tom.email, password: tom.password });
  const forced = await set({ forced: true });
  must(forced.status === 200, `it can't be forced: ${JSON.stringify(forced.body)}`);
  const refusal = await client(url)('POST', '/session', { email: tom.email, password: tom.password }).catch(String);
  must(/sign_on_required/.test(refusal), `a password answers ${JSON.stringify(refusal)}`);
  await anew();
  must((await come('nina')).me.status === 200, 'the sign-on still opens');
}
