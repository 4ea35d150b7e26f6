/** Every page of the product. Start here: a path leads to a lazily loaded feature. */
import { createRouter } from 'sv-router';
import { setHere } from '../kit/here';

const gone = () => import('./Gone.svelte');

export const { navigate, route, preload } = createRouter({
  '/': () => import('./Start.svelte'),
  '/setup': () => import('../feature/setup/Setup.svelte').catch(gone),
  '/signin': () => import('../feature/signin/SignIn.svelte').catch(gone),
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
    '/members': () => import('../feature/member/Members.svelte').catch(gone),
    '/settings': () => import('../feature/workspace/Settings.svelte').catch(gone),
    '/me': () => import('../feature/me/Profile.svelte').catch(gone),
    '/me/security': () => import('../feature/me/Security.svelte').catch(gone),
    '/server': () => import('../feature/instance/Server.svelte').catch(gone),
    '*missing': () => import('./Missing.svelte').catch(gone),
  },
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
