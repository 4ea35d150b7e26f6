/** An event as people read it: out of the canonical bytes that the log is made of, and the values that stand beside them. */
import type { AuditEntry } from '../../api/types';
import { addDays, place } from '../../text/zones';
import { maybe } from '../../words/words.svelte';

/** What stands in the bytes of an event; docs/audit.md says what each means. */
interface Leaf {
  at: string;
  action: string;
  result?: 'ok' | 'denied' | 'failed';
  error?: string;
  prev?: string;
  actor?: { kind?: string; id?: string; member?: string; via?: string; mfa?: { method: string; age: number } };
  on?: { kind?: string; id?: string; workspace?: string };
  why?: { ticket?: string; reason?: string; grant?: string; basis?: string };
  from?: { request?: string; prefix?: string; agent?: string };
  changed?: { names?: string[]; values?: Record<string, string> };
  read?: { category: string; fields: string[]; records: string[]; count: number };
  /** Names and the like that the bytes only commit to, by what they are. */
  pii?: Record<string, string>;
}

/** One row: the leaf, and what the answer says beside it. */
export interface Row extends Leaf {
  seq: number;
  id: string;
  leaf: string;
  by: string;
  pruned: boolean;
  /** Names, addresses and reasons, as far as they weren't erased. */
  told: Record<string, string>;
}

/** Reads an entry. One that was pruned, or that this page can't read, keeps its number and hash. */
export function rowOf(entry: AuditEntry): Row {
  let leaf: Leaf = { at: '', action: '' };
  try {
    if (entry.event) leaf = JSON.parse(entry.event) as Leaf;
  } catch {
    // Newer than this page: what can't be read is shown as a number and a hash.
  }
  return {
    ...leaf,
    seq: entry.seq,
    id: entry.id,
    // As the event after it names it: the API gives the other alphabet of base64.
    leaf: entry.leaf.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''),
    by: entry.by ?? '',
    pruned: !!entry.pruned || !leaf.action,
    told: entry.values ?? {},
  };
}

/** "7c1eZk…04ab": enough of a hash or an id to compare by eye. */
export function short(text: string): string {
  return text.length > 12 ? `${text.slice(0, 6)}…${text.slice(-4)}` : text;
}

/** The words of an action; one that this page doesn't know is read from its name: "plan.changed" is "Plan changed". */
export function act(action: string): string {
  const known = maybe(`audited.${action}`);
  if (known) return known;
  const plain = action.replace(/[._]+/g, ' ').trim();
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

/** The words of a kind of thing, a field or a category. */
export function noun(name: string): string {
  return maybe(`thing.${name}`) ?? name.replaceAll('_', ' ');
}

/** The words of a group of actions, by how they begin. */
export function groupOf(start: string): string {
  const name = start.replace(/\.$/, '');
  return maybe(`group.${name}`) ?? act(name);
}

/** What the log of an organization, and that of the server, can be narrowed to: how actions begin. */
export const groups = {
  organization: [
    'post.',
    'delivery.',
    'asset.',
    'channel.',
    'workspace.',
    'organization.',
    'member.',
    'invitation.',
    'session.',
    'factor.',
    'recovery.',
    'grant.',
    'support.',
    'key.',
    'sign_on.',
    'audit.',
  ],
  instance: [
    'session.',
    'factor.',
    'password.',
    'email.',
    'identity.',
    'recovery.',
    'staff.',
    'invitation.',
    'organization.',
    'mail.',
    'instance.',
    'audit.',
  ],
} as const;

/** The first instant of a day in the zone, and of the day after it. */
export function bounds(day: string, zone: string): { begins: string; ends: string } | undefined {
  const [year, month, date] = day.split('-').map(Number);
  if (!year || !month || !date) return undefined;
  const midnight = { year, month, day: date, hour: 0, minute: 0 };
  return {
    begins: place(midnight, zone).at.toISOString(),
    ends: place(addDays(midnight, 1), zone).at.toISOString(),
  };
}
