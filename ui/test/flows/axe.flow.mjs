// Every page, light and dark, wide and on a phone: no finding of axe, nothing wider than the window, nothing to other hosts.
import { findings } from '../axe.mjs';
import { must, signIn, wait } from './world.mjs';

export default async function everyPage({ url, browser, page, api, workspace, organization }) {
  const { body: channels } = await api('GET', `/workspaces/${workspace}/channels`);
  const channel = channels.items[0].id;
  const { body: post } = await api('POST', `/workspaces/${workspace}/posts`, {
    text: 'Sunday reading',
    channels: [channel],
    schedule: { at: new Date(Date.now() + 3_600_000).toISOString(), timezone: 'Europe/Berlin' },
  });
  await api('POST', `/workspaces/${workspace}/posts`, { text: 'A draft', channels: [channel], labels: ['sale'] });
  const base = `${url}/w/${workspace}`;
  const pages = [
    base,
    `${base}/compose`,
    `${base}/compose/${post.id}`,
    `${base}/calendar`,
    `${base}/calendar/list`,
    `${base}/posts`,
    `${base}/posts?status=failed`,
    `${base}/posts/${post.id}`,
    `${base}/deliveries/${post.deliveries[0].id}`,
    `${base}/media`,
    `${base}/channels`,
    `${base}/channels/${channel}`,
    `${base}/channels/connect`,
    `${base}/channels/connect/mastodon`,
    `${base}/channels/connect/x`,
    `${base}/channels/connect/x#choose=arv_06g2p7r8k1m3v5x9z2b4d6f8h0`,
    `${base}/practice`,
    `${base}/members`,
    `${base}/members?invite=1`,
    `${base}/settings`,
    `${base}/settings?new=1`,
    `${base}/me`,
    `${base}/me/security`,
    `${url}/admin`,
    `${url}/admin/platforms`,
    `${url}/admin/platforms/x`,
    `${url}/admin/platforms/mastodon`,
    `${url}/admin/staff`,
    `${url}/o/${organization}/members`,
    `${url}/o/${organization}/support`,
    `${url}/o/${organization}/support/policy`,
    `${url}/admin/mail`,
    `${url}/admin/recoveries`,
    `${url}/admin/audit`,
    `${url}/o/${organization}/security`,
    `${url}/o/${organization}/platforms`,
    `${url}/o/${organization}/platforms/x`,
    `${url}/o/${organization}/audit`,
    `${url}/o/${organization}/audit?what=delivery.`,
    `${url}/o/${organization}/audit/offsite`,
    `${url}/o/${organization}/developers`,
    `${base}/nowhere`,
    `${url}/signin`,
    `${url}/recover`,
    `${url}/verify-email`,
    `${url}/me/security`,
    `${url}/recoveries`,
    `${url}/organizations`,
  ];
  await page.close();
  const bad = [];
  for (const look of [
    { width: 1440, height: 900 },
    { width: 1440, height: 900, dark: true },
    { width: 320, height: 640, touch: true },
  ]) {
    const { page: one, context } = await browser(look);
    const elsewhere = [];
    one.on(
      'request',
      (request) =>
        !request.url().startsWith(url) && !/^(data|blob):/.test(request.url()) && elsewhere.push(request.url()),
    );
    await signIn(one, url);
    // As it looks once one is set up; the flow organization has the form without.
    await one.route(`**/organizations/${organization}/sign-on`, (route) =>
      route.fulfill({
        json: {
          issuer: 'https://login.halden.example',
          client: 'omniposto',
          role_claim: 'groups',
          roles: [{ value: 'posts-admins', role: 'admin' }],
          forced: false,
          redirect_url: `${url}/sign-on/callback`,
          sign_in_url: `${url}/sign-in#organization=${organization}`,
          version: 1,
        },
      }),
    );
    // As it looks once an app was refused; the organization has the form of a platform without one.
    await one.route('**/api/v1/instance/platforms', async (route) => {
      const response = await route.fetch();
      const { items } = await response.json();
      const refused = {
        state: 'fails',
        from: 'instance',
        values: { id: 'x-client', plan: 'pay' },
        secret_hint: 'c41e',
        set_at: '2026-11-09T09:00:00Z',
        channels: 3,
        workspaces: 2,
        to_reconnect: 2,
        version: 2,
        last_test: {
          at: '2026-11-24T08:06:00Z',
          took_ms: 900,
          address: 'reached',
          credentials: 'secret_refused',
          words: 'Error validating client secret.',
        },
      };
      return route.fulfill({
        response,
        json: { items: items.map((app) => (app.platform === 'x' ? { ...app, ...refused } : app)) },
      });
    });
    // A sign-in that opens many, one of them connected already.
    await one.route('**/channels/choose/*', (route) =>
      route.fulfill({
        json: {
          platform: 'x',
          one: 'Page',
          label: 'Pages',
          help: 'Those that you manage there.',
          items: Array.from({ length: 9 }, (_, i) => ({
            target: `t${i}`,
            name: `Fjellvik ${i + 1}`,
            handle: `@fjellvik${i + 1}`,
            ...(i ? {} : { connected: channel }),
          })),
          until: new Date(Date.now() + 1_800_000).toISOString(),
        },
      }),
    );
    // As it looks to somebody whom other organizations keep out, and whose own has a sign-on.
    await one.route('**/api/v1/session', async (route) => {
      if (route.request().method() !== 'GET') return route.continue();
      const response = await route.fetch();
      const me = await response.json();
      const barred = ['sign_on', 'second_factor', 'way', 'device'].map((why, i) => ({
        organization: `org_0${i}`,
        name: `Nordlys ${i + 1}`,
        why,
      }));
      const organizations = (me.organizations ?? []).map((row) => ({ ...row, sign_on: 'offered' }));
      return route.fulfill({ response, json: { ...me, organizations, barred } });
    });
    for (const address of pages) {
      await one.goto(address);
      await wait(700);
      await one.evaluate(() =>
        document
          .querySelectorAll('*')
          .forEach((element) => element.getAnimations().forEach((motion) => motion.finish())),
      );
      const name = `${look.width}${look.dark ? ' dark' : ''} ${address.slice(url.length).replace(workspace, 'w')}`;
      for (const finding of await findings(one, context)) bad.push(`${name}: ${finding}`);
      const wide = await one.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) bad.push(`${name}: ${wide} px wider than the window`);
    }
    must(!elsewhere.length, `requests to other hosts: ${elsewhere[0]}`);
  }
  must(!bad.length, `${bad.length} findings:\n  ${bad.slice(0, 40).join('\n  ')}`);
}
