/** Requests of support that wait for this very person: they may decide for the organization, and haven't said yes already. */
import { createQuery } from '@tanstack/svelte-query';
import { reads } from '../api/cache';
import { session } from '../api/session.svelte';
import type { Grant } from '../api/types';

/** Reads them for the organization that is open; call it where a component is made. */
export function waitingRequests(): { readonly organization: string; readonly list: Grant[] } {
  const organization = () => (session.may('support.approve') ? (session.organization?.id ?? '') : '');
  const grants = createQuery(() => ({ ...reads.grants(organization()), enabled: !!organization() }));
  const me = () => session.me?.identity.id;
  return {
    get organization() {
      return organization();
    },
    get list() {
      if (!organization()) return [];
      return (grants.data?.items ?? []).filter(
        (one) =>
          (one.state === 'requested' || one.state === 'approved_once') &&
          !one.approvals.some((yes) => yes.by.id === me()),
      );
    },
  };
}
