// A real server and real browsers for the flows: start(), then a claimed organization by the API or by hand.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHmac } from 'node:crypto';
import { createInterface } from 'node:readline';

export const code = 'kestrel-otter-lantern-42';
export const mira = {
  name: 'Mira Lindqvist',
  email: 'mira@halden.studio',
  password: 'quiet-harbour-lantern-77',
  organization: 'Halden Studio',
};

const freePort = () =>
  new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });

/** Starts the binary on an empty folder and waits until it answers. */
export async function start(binary, env = {}) {
  const data = mkdtempSync(join(tmpdir(), 'omniposto-flow-'));
  const port = await freePort();
  const process_ = spawn(binary, ['serve', '--data', data, '--listen', `127.0.0.1:${port}`], {
    env: { ...process.env, OMNIPOSTO_SETUP__CODE: code, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [process_.stdout, process_.stderr]) stream.on('data', (part) => (log += part));
  const url = `http://localhost:${port}`;
  for (let tries = 0; ; tries++) {
    const ready = await fetch(`${url}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) break;
    if (tries > 100) throw new Error(`the server does not answer:\n${log}`);
    await wait(100);
  }
  return {
    url,
    log: () => log,
    async stop() {
      process_.kill('SIGTERM');
      await new Promise((done) => process_.once('exit', done));
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/**
 * Runs the fakes of platforms, each as a server of its own, and says how the product is pointed at them. What a flow gives back from
 * before(): by name, url and ways to connect; visible(name) is what anybody could see there.
 */
export async function fakes(...names) {
  const folder = mkdtempSync(join(tmpdir(), 'omniposto-fakes-'));
  const binary = join(folder, 'fakes');
  const root = new URL('../../../', import.meta.url).pathname;
  execFileSync('go', ['build', '-tags', 'nodynamic', '-o', binary, './app/connector/fakes/serve'], { cwd: root, stdio: 'inherit' });
  const server = spawn(binary, names, { stdio: ['pipe', 'pipe', 'inherit'] });
  const line = await new Promise((done, fail) => {
    createInterface({ input: server.stdout }).once('line', done);
    server.once('exit', (code) => fail(new Error(`the fakes ended with ${code}`)));
  });
  const platforms = JSON.parse(line);
  const env = { OMNIPOSTO_NETWORK__ALLOW_PRIVATE: '127.0.0.0/8' };
  for (const name of names) env[`OMNIPOSTO_PLATFORMS__${name.toUpperCase()}__API_URL`] = platforms[name].url;
  return {
    ...platforms,
    env,
    visible: async (name) => (await fetch(`${platforms[name].url}/-/visible`)).json(),
    stop: () => {
      server.stdin.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/** Claims the server by its API; gives the cookie and the ids. */
export async function claim(url) {
  const api = client(url);
  const { body } = await api('POST', '/setup', { code, ...mira, timezone: 'Europe/Berlin' });
  return { api, workspace: body.workspace, organization: body.organization };
}

/** A client of the API that keeps its cookie. */
export function client(url) {
  let cookie = '';
  const send = async (method, path, body, headers = {}) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        ...(body ? { 'Content-Type': 'application/json' } : {}),
        Origin: url,
        ...(cookie ? { Cookie: cookie } : {}),
        ...headers,
      },
      body: body ? JSON.stringify(body) : undefined,
    });
    for (const set of answer.headers.getSetCookie()) cookie = set.split(';')[0];
    const text = await answer.text();
    const parsed = text ? JSON.parse(text) : undefined;
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return { body: parsed };
  };
  /** The session's cookie, to give a browser the same sign-in. */
  send.cookie = () => cookie;
  return send;
}

/** Signs in by the page and waits for Home. */
export async function signIn(page, url, who = mira) {
  await page.goto(`${url}/signin`);
  await page.fill('[name=email]', who.email);
  await page.fill('[name=password]', who.password);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/w/**');
}

/** The six digits of a TOTP secret at a moment. */
export function totp(secret, at = Date.now()) {
  const bits = [...secret.replace(/\s|=/g, '')]
    .map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'))
    .join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const sum = createHmac('sha1', key).update(counter).digest();
  const offset = sum[19] & 15;
  return String((sum.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** Fails with a sentence. */
export function must(holds, sentence) {
  if (!holds) throw new Error(sentence);
}

/** Gives the page a device with passkeys: a virtual authenticator. silent() makes nobody touch it, willing() everybody. */
export async function authenticator(context, page) {
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const presence = (enabled) => cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
  return { silent: () => presence(false), willing: () => presence(true) };
}

/** Enrols an authenticator app by the API; gives its secret. */
export async function enrolApp(api) {
  const { body } = await api('POST', '/me/totp');
  await api('POST', '/me/totp/confirm', { code: totp(body.secret) });
  return body.secret;
}

/** A code counts once, so what comes soon after another is confirmed with the next. */
export const nextCode = (secret) => totp(secret, Date.now() + 30_000);

/** Gives a browser the sign-in of an API client. */
export const be = (context, url, from) =>
  context.addCookies([{ name: 'omniposto_session', value: from.cookie().split('=')[1], url }]);

/** Pictures a page light, dark and 320 px wide into OMNIPOSTO_PICTURES; without, it does nothing. */
export async function look(page, name) {
  const folder = process.env.OMNIPOSTO_PICTURES;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  const size = page.viewportSize();
  for (const [as, width, colorScheme] of [
    ['', size.width, 'light'],
    ['-dark', size.width, 'dark'],
    ['-320', 320, 'light'],
  ]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ ...size, width });
    await wait(350);
    must((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${name} is wider than ${width}`);
    await page.screenshot({ path: `${folder}/${name}${as}.png` });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(size);
}

/** Asks the API as the page does: with its cookies and, where the server wants it, with the signature of its key. */
export const ask = (page, method, path, body) =>
  page.evaluate(
    async ({ method, path, text }) => {
      const send = (more) =>
        fetch(path, { method, headers: { ...(text && { 'Content-Type': 'application/json' }), ...more }, body: text });
      const kept = () =>
        new Promise((done, fail) => {
          const opening = indexedDB.open('omniposto', 1);
          opening.onerror = () => fail(opening.error);
          opening.onsuccess = () => {
            const read = opening.result.transaction('kept').objectStore('kept').get('device-key');
            read.onsuccess = () => done(read.result);
          };
        });
      const encode = (words) => new TextEncoder().encode(words);
      const base64url = (bytes) =>
        btoa(String.fromCharCode(...new Uint8Array(bytes)))
          .replace(/[+]/g, '-')
          .replace(/[/]/g, '_')
          .replace(/=/g, '');
      let answer = await send();
      if (answer.status === 403 && (await answer.clone().json()).code === 'device_signature_required') {
        const { id, key } = await kept();
        const { nonce } = await (await fetch('/api/v1/session/device-nonce')).json();
        const sum = base64url(await crypto.subtle.digest('SHA-256', encode(text ?? '')));
        const signed = encode([method, path, sum, nonce].join('\n'));
        const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, signed);
        const headers = { 'Device-Key-Id': id, 'Device-Nonce': nonce, 'Device-Signature': base64url(signature) };
        answer = await send(headers);
      }
      const answered = await answer.text();
      return { status: answer.status, body: answered ? JSON.parse(answered) : undefined };
    },
    { method, path: `/api/v1${path}`, text: body && JSON.stringify(body) },
  );

/** Signs in by the page and adds a passkey there, as the person's only factor; it stays until the recovery codes are put away. */
export async function addPasskey(page, context, url, workspace) {
  const device = await authenticator(context, page);
  await signIn(page, url);
  await page.goto(`${url}/w/${workspace}/me/security`);
  await page.getByRole('button', { name: 'Add passkey' }).click();
  await keepCodes(page);
  return device;
}

/** Sets up a passkey where an act or an organization asks for a second factor. */
export async function enrol(page) {
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await keepCodes(page);
}

async function keepCodes(page) {
  await page.getByRole('button', { name: 'Create passkey' }).click();
  await page.getByLabel('I keep these codes in a safe place').check();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.waitForSelector('text=They are shown only now', { state: 'detached' });
}

/** Posts to the API as the page does. */
export const fromPage = (page, path, body) => ask(page, 'POST', path, body);
