/** Whose names a log shows beside their ids. */
import { session } from '../../api/session.svelte';
import { maybe, t } from '../../words/words.svelte';
import { noun, short, type Row } from './leaf';

export interface Person {
  /** Of the identity or the key: what the log names and can be narrowed to. */
  id: string;
  /** Their place in the organization, which the log names where they are acted on. */
  member?: string;
  name: string;
  role?: string;
}

/** Who acted, and as what. */
export function whoOf(row: Row, people: Person[]): { name: string; as: string; staff: boolean } {
  const { kind = '', id = '' } = row.actor ?? {};
  const known = people.find((one) => one.id === id);
  const name = row.by || known?.name;
  if (kind === 'system') return { name: t('audit.system'), as: '', staff: false };
  if (kind === 'guest') return { name: t('audit.guest'), as: '', staff: false };
  const as = maybe(`actor.${kind === 'member' ? known?.role : kind}`) ?? '';
  return { name: name ?? short(id), as, staff: kind === 'staff' };
}

/** What was acted on: its kind, and its name where somebody may know it. */
export function recordOf(row: Row, people: Person[]): { kind: string; name: string } {
  if (row.read) {
    const only = row.read.count === 1 ? row.read.records[0] : undefined;
    return {
      kind: maybe(`category.${row.read.category}`) ?? row.read.category,
      name: only ? short(only) : t('audit.recordCount', { n: row.read.count }),
    };
  }
  const { kind = '', id = '' } = row.on ?? {};
  const known = people.find((one) => one.id === id || one.member === id)?.name;
  const place =
    kind === 'workspace'
      ? session.workspaces.find((one) => one.id === id)?.name
      : session.organizations.find((one) => one.id === id)?.name;
  const told = row.told['name'] ?? row.told['title'] ?? known ?? place ?? row.told['email'];
  return { kind: noun(kind), name: told ?? (id.includes('_') ? short(id) : '') };
}
