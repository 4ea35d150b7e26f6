// The narrowest screen: no page is wider than it.
import { must, signIn } from './world.mjs';

export const options = { browser: { width: 320, height: 640, touch: true } };

export default async function narrow({ url, page, workspace, organization, api }) {
  const { body: channels } = await api('GET', `/workspaces/${workspace}/channels`);
  const channel = channels.items[0].id;
  const { body: post } = await api('POST', `/workspaces/${workspace}/posts`, {
    text: 'The shutters are open again. Come by and see the first prints of the winter series.',
    channels: [channel],
    schedule: { now: true },
  });
  await signIn(page, url);
  for (const path of [
    '',
    '/calendar',
    '/posts',
    '/media',
    '/channels',
    '/members',
    '/compose',
    `/posts/${post.id}`,
    `/channels/${channel}`,
    `/deliveries/${post.deliveries[0].id}`,
  ]) {
    await page.goto(`${url}/w/${workspace}${path}`);
    await page.waitForSelector('main h1');
    await page.waitForLoadState('networkidle', { timeout: 1500 }).catch(() => undefined);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    must(wide <= 320, `${path || 'home'} is ${wide} px wide`);
  }
  // Where nothing is written, the bar has no button to write; back in the workspace it is there again.
  for (const [path, writes] of [
    ['/admin', false],
    [`/o/${organization}/members`, false],
    [`/w/${workspace}`, true],
  ]) {
    await page.goto(url + path);
    await page.locator('nav.phone').waitFor();
    const there = (await page.locator('nav.phone').getByRole('link', { name: 'New post' }).count()) > 0;
    must(there === writes, `${path} ${there ? 'has' : 'lacks'} the button to write`);
  }
}
