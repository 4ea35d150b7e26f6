/** The pages a member may see, in the order of the rail. What a role can't use is absent. */
import type { Component } from 'svelte';
import Building from '@lucide/svelte/icons/building-2';
import CalendarIcon from '@lucide/svelte/icons/calendar';
import Code from '@lucide/svelte/icons/code';
import Files from '@lucide/svelte/icons/files';
import HeartPulse from '@lucide/svelte/icons/heart-pulse';
import House from '@lucide/svelte/icons/house';
import Image from '@lucide/svelte/icons/image';
import KeyRound from '@lucide/svelte/icons/key-round';
import LifeBuoy from '@lucide/svelte/icons/life-buoy';
import Mail from '@lucide/svelte/icons/mail';
import Plug from '@lucide/svelte/icons/plug';
import RadioIcon from '@lucide/svelte/icons/radio';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import Settings from '@lucide/svelte/icons/settings';
import Shield from '@lucide/svelte/icons/shield';
import UserCheck from '@lucide/svelte/icons/user-check';
import Users from '@lucide/svelte/icons/users';
import { session } from '../api/session.svelte';
import { t } from '../words/words.svelte';

export interface PageRow {
  id: string;
  label: string;
  icon: Component<{ size?: number }>;
  href: string;
  key: string;
}

/** The rows of the rail for one workspace. */
export function pages(workspace: string): PageRow[] {
  const base = `/w/${workspace}`;
  const rows: (PageRow & { needs?: string })[] = [
    { id: 'home', label: t('page.home'), icon: House, href: base, key: 'G H' },
    { id: 'calendar', label: t('page.calendar'), icon: CalendarIcon, href: `${base}/calendar`, key: 'G C' },
    { id: 'posts', label: t('page.posts'), icon: Files, href: `${base}/posts`, key: 'G P' },
    { id: 'media', label: t('page.media'), icon: Image, href: `${base}/media`, key: 'G M' },
    { id: 'channels', label: t('page.channels'), icon: RadioIcon, href: `${base}/channels`, key: 'G L' },
    {
      id: 'members',
      label: t('page.members'),
      icon: Users,
      href: `${base}/members`,
      key: 'G B',
      needs: 'members.read',
    },
    {
      id: 'settings',
      label: t('page.settings'),
      icon: Settings,
      href: `${base}/settings`,
      key: 'G S',
      needs: 'workspace.write',
    },
    {
      id: 'organization',
      label: t('page.organization'),
      icon: Building,
      href: `/o/${session.organization?.id ?? ''}/support`,
      key: 'G O',
      needs: 'audit.read',
    },
  ];
  return rows.filter((row) => !row.needs || session.may(row.needs));
}

/** The rows of the rail for one organization. */
export function organizationPages(organization: string): PageRow[] {
  const base = `/o/${organization}`;
  const rows: (PageRow & { needs: string })[] = [
    {
      id: 'members',
      label: t('page.members'),
      icon: Users,
      href: `${base}/members`,
      key: 'G B',
      needs: 'members.read',
    },
    {
      id: 'security',
      label: t('page.orgSecurity'),
      icon: Shield,
      href: `${base}/security`,
      key: 'G Y',
      needs: 'security.write',
    },
    {
      id: 'platforms',
      label: t('page.platforms'),
      icon: Plug,
      href: `${base}/platforms`,
      key: 'G P',
      needs: 'security.write',
    },
    {
      id: 'support',
      label: t('page.support'),
      icon: LifeBuoy,
      href: `${base}/support`,
      key: 'G U',
      needs: 'support.approve',
    },
    { id: 'audit', label: t('page.audit'), icon: ScrollText, href: `${base}/audit`, key: 'G A', needs: 'audit.read' },
    {
      id: 'developers',
      label: t('page.developers'),
      icon: Code,
      href: `${base}/developers`,
      key: 'G D',
      needs: 'keys.write',
    },
  ];
  return rows.filter((row) => session.may(row.needs));
}

/** The rows of the rail for administrators of the server. */
export function adminPages(): PageRow[] {
  return [
    { id: 'health', label: t('page.server'), icon: HeartPulse, href: '/admin', key: 'G H' },
    { id: 'platforms', label: t('page.platforms'), icon: Plug, href: '/admin/platforms', key: 'G P' },
    { id: 'staff', label: t('page.staff'), icon: UserCheck, href: '/admin/staff', key: 'G F' },
    { id: 'mail', label: t('page.mail'), icon: Mail, href: '/admin/mail', key: 'G M' },
    { id: 'recoveries', label: t('page.recoveries'), icon: KeyRound, href: '/admin/recoveries', key: 'G R' },
    { id: 'audit', label: t('page.audit'), icon: ScrollText, href: '/admin/audit', key: 'G A' },
  ];
}

/** The rows for where the address stands. */
export function pagesHere(workspace: string, organization: string | undefined, admin: boolean): PageRow[] {
  if (admin) return adminPages();
  return organization ? organizationPages(organization) : pages(workspace);
}

/** Whether an address belongs to a page of the rail. */
export function isOn(page: PageRow, path: string): boolean {
  if (page.id === 'home' || page.id === 'health') return path === page.href || path === `${page.href}/`;
  if (page.id === 'posts') return /\/(posts|deliveries|compose)(\/|$)/.test(path);
  if (page.id === 'channels') return /\/(channels|practice)(\/|$)/.test(path);
  return path.startsWith(page.href);
}
