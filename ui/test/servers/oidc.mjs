// A real OpenID provider for tests: oidc-provider with its own pages for signing in, in memory.
// Prints one JSON line {"url", "client", "secret"} and runs until it is ended.
//   node oidc.mjs [--port 2584]
// Whoever signs in is who they say, with any password: nina (posts-admins), otto (whose address isn't confirmed), and mallory,
// whose ID tokens are right in every way but meant for another client.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { SignJWT, decodeJwt, importJWK } from 'jose';
import Provider from 'oidc-provider';

const at = process.argv.indexOf('--port');
const client = 'omniposto';
const secret = 'a-secret-of-the-client';
const people = {
  nina: { name: 'Nina Berg', email: 'nina@halden.studio', email_verified: true, groups: ['everybody', 'posts-admins'] },
  otto: { name: 'Otto Lund', email: 'otto@halden.studio', email_verified: false },
  mallory: { name: 'Mallory Vane', email: 'mallory@halden.studio', email_verified: true, groups: ['posts-admins'] },
};
const key = {
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  kid: 'k1',
  alg: 'RS256',
  use: 'sig',
};

const server = createServer();
await new Promise((done) => server.listen(at > 0 ? Number(process.argv[at + 1]) : 0, '127.0.0.1', done));
const url = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(url, {
  clients: [
    {
      client_id: client,
      client_secret: secret,
      application_type: 'native', // a loopback address of any port may be gone back to (RFC 8252, 7.3)
      redirect_uris: ['http://localhost/sign-on/callback'],
    },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
  conformIdTokenClaims: false, // as most providers do: the claims stand in the ID token
  jwks: { keys: [key] },
  cookies: { keys: ['only-for-tests'] },
  responseTypes: ['code'],
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
});

provider.use(async (ctx, next) => {
  await next();
  if (typeof ctx.body === 'string') ctx.body = ctx.body.replace(/@import url\([^)]*\);/, ''); // no font from elsewhere
  const said = ctx.oidc?.route === 'token' && ctx.body?.id_token && decodeJwt(ctx.body.id_token);
  if (said?.sub === 'mallory') {
    const signer = await importJWK(key, 'RS256');
    ctx.body.id_token = await new SignJWT({ ...said, aud: 'another-client' })
      .setProtectedHeader({ alg: 'RS256', kid: key.kid, typ: 'JWT' })
      .sign(signer);
  }
});
server.on('request', provider.callback());
console.log(JSON.stringify({ url, client, secret }));

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
