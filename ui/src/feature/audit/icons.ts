/** A sign for each kind of act; the words stand beside it. */
import type { Component } from 'svelte';
import Eye from '@lucide/svelte/icons/eye';
import FileText from '@lucide/svelte/icons/file-text';
import Image from '@lucide/svelte/icons/image';
import KeyRound from '@lucide/svelte/icons/key-round';
import LifeBuoy from '@lucide/svelte/icons/life-buoy';
import LogIn from '@lucide/svelte/icons/log-in';
import Mail from '@lucide/svelte/icons/mail';
import Pencil from '@lucide/svelte/icons/pencil';
import RadioIcon from '@lucide/svelte/icons/radio';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import Send from '@lucide/svelte/icons/send';
import Users from '@lucide/svelte/icons/users';

type Icon = Component<{ size?: number; 'aria-hidden'?: 'true' }>;

const icons: Record<string, Icon> = {
  asset: Image,
  audit: ScrollText,
  channel: RadioIcon,
  delivery: Send,
  email: Mail,
  factor: KeyRound,
  grant: LifeBuoy,
  invitation: Users,
  key: KeyRound,
  log: ScrollText,
  mail: Mail,
  member: Users,
  passkey: KeyRound,
  password: KeyRound,
  post: FileText,
  recovery: KeyRound,
  session: LogIn,
  sign_on: LogIn,
  staff: Users,
};

/** The sign of an action. */
export function iconOf(action: string): Icon {
  if (action === 'support.read') return Eye;
  return icons[action.split('.')[0] ?? ''] ?? Pencil;
}
