/** Where a form of settings stands: what its fields need beside their values. */
import type { Place } from './schema';

export interface Where extends Place {
  workspace: string;
  channel: string;
  /** The workspace's zone: date and time are on its clock. */
  zone: string;
}
