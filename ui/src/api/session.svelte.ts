/** Who is signed in, what they may do, and which workspace is open. */
import { setHours, speak } from '../words/words.svelte';
import { cache } from './cache';
import { call } from './client';
import { device } from './device';
import { Problem } from './problem';
import type { Me, OrganizationRow, WorkspaceRow } from './types';

class Session {
  me = $state.raw<Me>();
  /** The workspace of the address, or the one looked at last. */
  workspaceId = $state<string>();
  /** The organization of the address; on a workspace's page, that of the workspace. */
  organizationId = $state<string>();
  /** The server runs a newer build than this page. */
  stale = $state(false);
  /** The server's disk is full: it reads and sends nothing. */
  readOnly = $state(false);
  build: string | undefined;

  /** Reads the session; false when nobody is signed in. */
  async load(): Promise<boolean> {
    try {
      await this.take(await call('GET /session', { quiet: true }));
      return true;
    } catch (error) {
      if (Problem.of(error).status === 401) {
        this.me = undefined;
        return false;
      }
      throw error;
    }
  }

  /** Puts an answer of the server in force: language, hours, theme. */
  async take(me: Me): Promise<void> {
    setHours(me.identity.hour_format);
    if (me.identity.locale) await speak(me.identity.locale);
    showTheme(me.identity.theme);
    this.me = me;
    this.workspaceId ??= this.workspaces[0]?.id;
    this.sawBuild(me.build);
    if (me.tie_until) {
      const tied = import('./devicekey').then((key) => key.tie(me)).catch(() => undefined);
      if (me.barred?.some((one) => one.why === 'device')) await tied;
    }
  }

  /** Ends the session here and forgets what was read. */
  async leave(): Promise<void> {
    await call('DELETE /session', { quiet: true }).catch(() => undefined);
    this.me = undefined;
    this.workspaceId = undefined;
    cache.clear();
    await device.clear();
  }

  /** Notes the build that an answer came from. */
  sawBuild(build: string | null | undefined): void {
    if (!build) return;
    this.build ??= build;
    if (build !== this.build) this.stale = true;
  }

  get organizations(): OrganizationRow[] {
    return this.me?.organizations ?? [];
  }

  get workspaces(): WorkspaceRow[] {
    return this.organizations.flatMap((one) => one.workspaces);
  }

  get workspace(): WorkspaceRow | undefined {
    return this.workspaces.find((one) => one.id === this.workspaceId) ?? this.workspaces[0];
  }

  get organization(): OrganizationRow | undefined {
    const named = this.organizations.find((one) => one.id === this.organizationId);
    if (named) return named;
    const id = this.workspace?.id;
    return this.organizations.find((one) => one.workspaces.some((row) => row.id === id)) ?? this.organizations[0];
  }

  /** The zone in which this workspace plans. */
  get zone(): string {
    return this.workspace?.timezone || Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
  }

  /** Whether the member has a permission in the open workspace or its organization. */
  may(permission: string): boolean {
    const here = this.organizationId ? [] : (this.workspace?.permissions ?? []);
    const above = this.organization?.permissions ?? [];
    return here.includes(permission) || above.includes(permission);
  }
}

/** The one session of this page. */
export const session = new Session();

/** Shows a theme now and at the next start: light, dark, or the system's. */
export function showTheme(theme: string | undefined): void {
  const chosen = theme === 'light' || theme === 'dark' ? theme : undefined;
  if (chosen) document.documentElement.dataset['theme'] = chosen;
  else delete document.documentElement.dataset['theme'];
  try {
    if (chosen) localStorage.setItem('theme', chosen);
    else localStorage.removeItem('theme');
  } catch {
    // Storage is refused: the choice holds for this page.
  }
}
