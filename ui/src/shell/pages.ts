/** The pages a member may see, in the order of the rail. What a role can't use is absent. */
import type { Component } from 'svelte';
import CalendarIcon from '@lucide/svelte/icons/calendar';
import Files from '@lucide/svelte/icons/files';
import House from '@lucide/svelte/icons/house';
import Image from '@lucide/svelte/icons/image';
import RadioIcon from '@lucide/svelte/icons/radio';
import Settings from '@lucide/svelte/icons/settings';
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
  ];
  return rows.filter((row) => !row.needs || session.may(row.needs));
}

/** Whether an address belongs to a page of the rail. */
export function isOn(page: PageRow, path: string): boolean {
  if (page.id === 'home') return path === page.href || path === `${page.href}/`;
  if (page.id === 'posts') return /\/(posts|deliveries|compose)(\/|$)/.test(path);
  if (page.id === 'channels') return /\/(channels|practice)(\/|$)/.test(path);
  return path.startsWith(page.href);
}
