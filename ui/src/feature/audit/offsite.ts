/** Where checkpoints can be sent: four kinds of place, each set and ended alone. */
import type { BodyOf } from '../../api/types';

export const kinds = ['webhook', 'digest', 'bucket', 'witness'] as const;
export type Kind = (typeof kinds)[number];
export type Wish = BodyOf<'PUT /organizations/{organization}/audit/offsite'>;

/** What ends one: an empty address. */
export function endOf(kind: Kind): Wish {
  return kind === 'webhook' || kind === 'digest' ? { [kind]: '' } : { [kind]: { url: '' } };
}
