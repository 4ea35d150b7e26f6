// A session is tied to a key that its browser can't give away: an owner asks that of everybody, the step-up works with it, the same
// cookie in another browser confirms nothing, and a browser that can't keep a key says why it stays outside.
import { addPasskey, ask, client, enrolApp, look, mira, must, nextCode } from './world.mjs';

export const options = { expects: [/40[134]/] };

const password = 'nine-quiet-tents-42';
const ada = { name: 'Ada Brandt', email: 'ada@halden.example', password };
const tom = { name: 'Tom Okafor', email: 'tom@halden.example', password };

/** The names of what the browser keeps for a session. */
const kept = (page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        const opening = indexedDB.open('omniposto', 1);
        opening.onsuccess = () => {
          const read = opening.result.transaction('kept').objectStore('kept').getAll();
          read.onsuccess = () => done(read.result.map((one) => one.key?.extractable ?? 'else'));
        };
      }),
  );

export default async function tied({ url, page, context, browser, workspace, organization }) {
  const key = page.waitForResponse((answer) => answer.url().endsWith('/session/device-key') && answer.ok());
  const device = await addPasskey(page, context, url, workspace);
  await key;
  must((await kept(page)).includes(false), 'the key can be read');
  const join = async (one, role) => {
    const workspaces = role === 'member' ? [{ workspace, role: 'publisher' }] : [];
    const invitation = { email: one.email, role, workspaces };
    const { body } = await ask(page, 'POST', `/organizations/${organization}/invitations`, invitation);
    const theirs = client(url);
    await theirs('POST', '/invitations/accept', { ...one, email: undefined, token: body.link.split('#token=')[1] });
    return { theirs, secret: await enrolApp(theirs) };
  };
  await join(ada, 'member');
  const { theirs: his, secret } = await join(tom, 'admin');
  const lost = client(url);
  await lost('POST', '/session', { email: ada.email, password });
  await lost('POST', '/recovery/help');

  // The owner asks it of everybody: from then on a session that isn't tied opens nothing.
  await page.goto(`${url}/o/${organization}/security`);
  await page.getByLabel('Sessions have to be tied to the browser').check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('The rules for sign-ins are in force').waitFor();
  await look(page, 'tied-policy');
  const refusal = await his('GET', `/workspaces/${workspace}`).catch(String);
  must(/device_required/.test(refusal), `an untied session gets ${JSON.stringify(refusal)}`);

  // Signing out takes the key along. Who signs in again is tied before anything shows.
  await device.silent(); // no passkey from the e-mail field: the password comes first
  await page.getByRole('button', { name: /Mira Lindqvist/ }).click();
  await page.getByText('Sign out').click();
  await page.waitForURL('**/signin');
  must(!(await kept(page)).includes(false), 'the key is still there');
  await page.fill('[name=email]', mira.email);
  await page.fill('[name=password]', mira.password);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Use passkey' }).waitFor();
  await device.willing();
  await page.getByRole('button', { name: 'Use passkey' }).click();
  await page.waitForURL('**/w/**');
  await page.goto(`${url}/w/${workspace}/me/security`);
  await page.getByText('tied to this browser').waitFor();
  await look(page, 'tied-sessions');

  // A copied cookie reads, but it confirms nothing.
  const thief = await browser();
  await thief.context.addCookies(await context.cookies());
  await thief.page.goto(`${url}/recoveries`);
  await thief.page.getByRole('button', { name: /It is them/ }).click();
  await thief.page.getByText('tied to the browser that signed in').waitFor();
  must(!(await thief.page.locator('dialog[open]').count()), 'the copied cookie is asked for a factor');
  await look(thief.page, 'tied-copied');
  const confirmed = await thief.page.evaluate(async () => {
    const sent = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"totp":"123456"}' };
    return (await (await fetch('/api/v1/session/step-up', sent)).json()).code;
  });
  must(confirmed === 'device_signature_required', `the step-up answers ${confirmed}`);

  // The browser that has the key goes on: for the proof and for what it is for.
  await page.goto(`${url}/recoveries`);
  await page.getByRole('button', { name: /It is them/ }).click();
  await page.getByRole('button', { name: 'Use passkey' }).click();
  await page.getByText('Your yes for Ada Brandt is kept').waitFor();

  // Where nothing can be kept no session can be tied, and the page says so.
  const bare = await browser();
  await bare.context.addInitScript(() => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }));
  await bare.page.goto(`${url}/signin`);
  await bare.page.fill('[name=email]', tom.email);
  await bare.page.fill('[name=password]', password);
  await bare.page.keyboard.press('Enter');
  await bare.page.locator('[autocomplete=one-time-code]').fill(nextCode(secret));
  await bare.page.getByText('this one can’t do that').waitFor();
  await look(bare.page, 'tied-not');
}
