// What an organization asks of its members' sign-ins: an owner demands a second factor and forbids passwords, a member reads why the
// organization is closed to them, does what helps, and is in.
import { mkdirSync } from 'node:fs';
import { authenticator, client, enrol, fromPage, must, signIn } from './world.mjs';

export const options = { expects: [/40[1349]/] };

const tom = { email: 'tom@halden.studio', password: 'nine-quiet-tents-42', name: 'Tom Okafor' };

export default async function policy({ url, page, browser, organization, workspace, api }) {
  const pictures = process.env.OMNIPOSTO_PICTURES;
  if (pictures) mkdirSync(pictures, { recursive: true });
  const shoot = (who, name) => pictures && who.screenshot({ path: `${pictures}/${name}.png` });
  const { body: invitation } = await api('POST', `/organizations/${organization}/invitations`, {
    email: tom.email,
    role: 'member',
    workspaces: [{ workspace, role: 'author' }],
  });
  const token = invitation.link.split('#token=')[1];
  await client(url)('POST', '/invitations/accept', { token, name: tom.name, password: tom.password });
  const member = await browser();
  await authenticator(member.context, member.page);
  await signIn(member.page, url, tom);

  // The owner has no second factor either: the act leads to one, then goes on.
  await authenticator(page.context(), page);
  await signIn(page, url);
  await page.goto(`${url}/o/${organization}/security`);
  const form = page.locator('form', { has: page.getByLabel('Members need a second factor') });
  await form.getByLabel('Members need a second factor').check();
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByText('You have none yet. Set one up here').waitFor();
  await enrol(page);
  await page.getByText('The rules for sign-ins are in force.').first().waitFor();
  await shoot(page, 'policy-saved');

  // The member is asked at the next step. Whoever says no reads what keeps them out, and finds it again after signing in.
  await member.page.getByRole('link', { name: 'Calendar' }).first().click();
  await member.page.getByText('Your organization asks its members for a second factor.').waitFor();
  await shoot(member.page, 'policy-asked');
  await member.page.locator('dialog[open]').getByRole('button', { name: 'Close' }).click();
  const explained = member.page.getByText('It asks its members for a second factor, and you have none yet.');
  await explained.waitFor();
  await member.page.getByRole('button', { name: 'Sign out' }).click();
  await member.page.waitForURL('**/signin');
  await member.page.fill('[name=email]', tom.email);
  await member.page.fill('[name=password]', tom.password);
  await member.page.keyboard.press('Enter');
  await explained.waitFor();
  must(new URL(member.page.url()).pathname === '/organizations', `the way in ends at ${member.page.url()}`);
  await shoot(member.page, 'policy-barred');
  await member.page.getByRole('button', { name: 'Set up a second factor' }).click();
  await enrol(member.page);
  await member.page.waitForURL(`**/w/${workspace}`);
  await member.page.getByRole('link', { name: 'Calendar' }).first().waitFor();

  // Nobody locks themselves out: this session is the passkey's by now, so passkeys can't be forbidden by it, and passwords can.
  await form.getByLabel('Passkey').uncheck();
  await form.getByRole('button', { name: 'Save' }).click();
  await form.getByText('You signed in another way than this policy allows.').waitFor();
  await form.getByLabel('Passkey').check();
  await form.getByLabel('Password').uncheck();
  const answered = page.waitForResponse((answer) => answer.request().method() !== 'GET' && answer.ok());
  await form.getByRole('button', { name: 'Save' }).click();
  await answered;
  await form.getByText('You signed in another way than this policy allows.').waitFor({ state: 'detached' });
  await page.reload();
  must(!(await form.getByLabel('Password').isChecked()), 'passwords are forbidden');

  // A phone in the dark says the same to whoever joins with a password.
  const { body: second } = await fromPage(page, `/organizations/${organization}/invitations`, {
    email: 'aisha@halden.studio',
    role: 'member',
  });
  const aisha = client(url);
  const joining = { token: second.link.split('#token=')[1], name: 'Aisha Rahman', password: 'eight-slow-ferries-19' };
  await aisha('POST', '/invitations/accept', joining);
  const phone = await browser({ width: 320, height: 640, dark: true, touch: true });
  await phone.context.addCookies([{ name: 'omniposto_session', value: aisha.cookie().split('=')[1], url }]);
  await phone.page.goto(url);
  await phone.page.getByText('It doesn’t allow the way in which you signed in.').waitFor();
  must((await phone.page.evaluate(() => document.documentElement.scrollWidth)) <= 320, 'wider than a phone');
  await shoot(phone.page, 'policy-phone');
  await phone.page.getByRole('button', { name: 'Sign in another way' }).click();
  await phone.page.getByRole('button', { name: 'Sign in with a passkey' }).waitFor();
}
