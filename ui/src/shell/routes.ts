/** Every page of the product. Start here: a path leads to a lazily loaded feature. */
import { createRouter } from 'sv-router';
import { setHere } from '../kit/here';
import { speakAbove } from '../words/words.svelte';

const gone = () => import('./Gone.svelte');

/** A page above a workspace needs the second file of texts too. The router wants to read "() => import(" itself. */
const above = <T>(page: T) => speakAbove().then(() => page);

export const { navigate, route, preload } = createRouter({
  '/': () => import('./Start.svelte'),
  '/setup': () => import('../feature/setup/Setup.svelte').catch(gone),
  '/signin': () => import('../feature/signin/SignIn.svelte').catch(gone),
  '/sign-in': () => import('../feature/signin/SignIn.svelte').catch(gone),
  '/recover': () => import('../feature/signin/Recover.svelte').catch(gone),
  '/verify-email': () => import('../feature/me/VerifyEmail.svelte').catch(gone),
  '/organizations': () => import('./Organizations.svelte').then(above).catch(gone),
  '/me': {
    layout: () => import('./Alone.svelte'),
    '/': () => import('../feature/me/Security.svelte').then(above).catch(gone),
    '/security': () => import('../feature/me/Security.svelte').then(above).catch(gone),
    '*missing': () => import('./Missing.svelte').catch(gone),
  },
  '/recoveries': {
    layout: () => import('./Alone.svelte'),
    '/': () => import('../feature/me/Recoveries.svelte').then(above).catch(gone),
    '*missing': () => import('./Missing.svelte').catch(gone),
  },
  '/invite': () => import('../feature/invite/Invite.svelte').catch(gone),
  '/w/:workspace': {
    layout: () => import('./Frame.svelte'),
    '/': () => import('../feature/home/HomePage.svelte').catch(gone),
    '/compose': () => import('../feature/post/Composer.svelte').catch(gone),
    '/compose/:post': () => import('../feature/post/Composer.svelte').catch(gone),
    '/calendar': () => import('../feature/calendar/Calendar.svelte').catch(gone),
    '/calendar/:view': () => import('../feature/calendar/Calendar.svelte').catch(gone),
    '/calendar/:view/:date': () => import('../feature/calendar/Calendar.svelte').catch(gone),
    '/posts': () => import('../feature/post/Posts.svelte').catch(gone),
    '/posts/:post': () => import('../feature/post/PostPage.svelte').catch(gone),
    '/deliveries/:delivery': () => import('../feature/delivery/DeliveryPage.svelte').catch(gone),
    '/media': () => import('../feature/media/Media.svelte').catch(gone),
    '/channels': () => import('../feature/channel/Channels.svelte').catch(gone),
    '/channels/connect': () => import('../feature/channel/Connect.svelte').catch(gone),
    '/channels/connect/:platform': () => import('../feature/channel/Connect.svelte').catch(gone),
    '/channels/:channel': () => import('../feature/channel/ChannelPage.svelte').catch(gone),
    '/practice': () => import('../feature/practice/Practice.svelte').catch(gone),
    '/members': () => import('../feature/member/Members.svelte').then(above).catch(gone),
    '/settings': () => import('../feature/workspace/Settings.svelte').catch(gone),
    '/me': () => import('../feature/me/Profile.svelte').catch(gone),
    '/me/security': () => import('../feature/me/Security.svelte').then(above).catch(gone),
    '*missing': () => import('./Missing.svelte').catch(gone),
  },
  '/o/:organization': {
    layout: () => import('./Frame.svelte'),
    '/members': () => import('../feature/member/Members.svelte').then(above).catch(gone),
    '/security': () => import('../feature/security/Security.svelte').then(above).catch(gone),
    '/platforms': () => import('../feature/platform/Platforms.svelte').then(above).catch(gone),
    '/platforms/:platform': () => import('../feature/platform/Platforms.svelte').then(above).catch(gone),
    '/audit': () => import('../feature/audit/Audit.svelte').then(above).catch(gone),
    '/audit/offsite': () => import('../feature/audit/Offsite.svelte').then(above).catch(gone),
    '/developers': () => import('../feature/developer/Keys.svelte').then(above).catch(gone),
    '/support': () => import('../feature/support/Access.svelte').then(above).catch(gone),
    '/support/policy': () => import('../feature/support/Policy.svelte').then(above).catch(gone),
    '*missing': () => import('./Missing.svelte').catch(gone),
  },
  '/admin': {
    layout: () => import('./Frame.svelte'),
    '/': () => import('../feature/instance/Server.svelte').then(above).catch(gone),
    '/platforms': () => import('../feature/platform/Platforms.svelte').then(above).catch(gone),
    '/platforms/:platform': () => import('../feature/platform/Platforms.svelte').then(above).catch(gone),
    '/staff': () => import('../feature/instance/Staff.svelte').then(above).catch(gone),
    '/mail': () => import('../feature/instance/Mail.svelte').then(above).catch(gone),
    '/recoveries': () => import('../feature/instance/Recoveries.svelte').then(above).catch(gone),
    '/audit': () => import('../feature/audit/InstanceAudit.svelte').then(above).catch(gone),
    '*missing': () => import('./Missing.svelte').catch(gone),
  },
  '/staff': () => import('../feature/staff/Grants.svelte').then(above).catch(gone),
  '/staff/:grant': () => import('../feature/staff/Console.svelte').then(above).catch(gone),
  '/staff/:grant/:category': () => import('../feature/staff/Console.svelte').then(above).catch(gone),
  '/staff/:grant/:category/:record': () => import('../feature/staff/Console.svelte').then(above).catch(gone),
  '*missing': () => import('./NotFound.svelte').catch(gone),
});

setHere({
  get params() {
    return route.params as Record<string, string | undefined>;
  },
  get path() {
    return route.pathname;
  },
  get search() {
    // The router's own reading turns "1" into a number; reading it here only makes this follow the address.
    void route.search;
    return location.search;
  },
  go(path, options = {}) {
    const url = new URL(path, location.origin);
    void navigate(url.pathname as '/', {
      search: url.search,
      hash: url.hash,
      replace: options.replace ?? false,
      ...(options.keepScroll ? { scrollToTop: false } : {}),
    });
  },
  back(otherwise) {
    if ((history.state as { _routerIndex?: number } | null)?._routerIndex) history.back();
    else this.go(otherwise);
  },
});
