/**
 * What a platform's settings are made of, read from the JSON Schema that its connector declares, and how their values change.
 * A value is the draft's own, else the channel's, else the default; only what differs from those two is kept in the draft.
 */

export type Values = Record<string, unknown>;

/** One thing that the platform knows, with the name it had when it was picked. */
export interface Pick {
  id: string;
  label?: string;
}

export interface Choice {
  id: string;
  label: string;
}

export interface Schema {
  properties?: Record<string, Property>;
  /** The fields as they follow one another: an object of JSON has no order. */
  'x-order'?: string[];
}

export interface Property {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  examples?: string[];
  enum?: string[];
  items?: Schema & { enum?: string[] };
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  'x-field'?: string;
  'x-must'?: boolean;
  'x-options'?: Choice[];
  'x-when'?: { field: string; values: string[] };
  'x-kinds'?: string[];
  'x-fact'?: string;
  'x-lookup'?: string;
  'x-unset'?: boolean;
  'x-delivery-per-entry'?: boolean;
}

/** A setting with its name, and what its list's entries are made of. */
export interface Setting extends Property {
  name: string;
  label: string;
  kind: string;
  many: boolean;
}

/** The settings of a form in the order that the connector gives them. */
export function settingsOf(schema: Schema): Setting[] {
  const all = schema.properties ?? {};
  return (schema['x-order'] ?? Object.keys(all))
    .filter((name) => all[name])
    .map((name) => {
      const one = all[name]!;
      return { ...one, name, label: one.title || name, kind: one['x-field'] ?? 'text', many: one.type === 'array' };
    });
}

/** Nothing was given: what the server takes for nothing. */
export function blank(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

/** What holds when the draft says nothing. */
export function inherited(setting: Setting, channel: Values): unknown {
  return (setting['x-unset'] ? undefined : channel[setting.name]) ?? setting.default;
}

/** What holds now. */
export function valueOf(setting: Setting, own: Values, channel: Values): unknown {
  return own[setting.name] ?? inherited(setting, channel);
}

/** Own values with one changed: what equals the channel's or the default isn't kept, what clears them is. */
export function put(setting: Setting, own: Values, channel: Values, next: unknown): Values {
  const rest = { ...own };
  delete rest[setting.name];
  const base = inherited(setting, channel);
  if (same(next, base) || (blank(next) && blank(base))) return rest;
  if (!blank(next)) return { ...rest, [setting.name]: next };
  const nothing = setting.many ? [] : setting.type === 'integer' || setting.type === 'boolean' ? undefined : '';
  return nothing === undefined ? rest : { ...rest, [setting.name]: nothing };
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Where a form stands: which kind the post goes out as, and what the channel's own server told. */
export interface Place {
  kind: string | undefined;
  facts: Record<string, number>;
}

/** Whether a setting counts here, by the server's own rules. */
export function counts(setting: Setting, all: Setting[], own: Values, channel: Values, place: Place): boolean {
  if (setting['x-kinds'] && place.kind && !setting['x-kinds'].includes(place.kind)) return false;
  if (setting['x-fact'] && !place.facts[setting['x-fact']]) return false;
  const when = setting['x-when'];
  if (!when) return true;
  const other = all.find((one) => one.name === when.field);
  return when.values.includes(asText(other ? valueOf(other, own, channel) : own[when.field]));
}

/** A value as look-ups and conditions name it: a pick by its id, a list by its ids. */
export function asText(value: unknown): string {
  if (blank(value)) return '';
  if (Array.isArray(value)) return value.map(asText).filter(Boolean).join(',');
  if (typeof value === 'object') return String((value as Partial<Pick>).id ?? '');
  return String(value);
}

/** What was chosen beside a look-up, each name=value. */
export function beside(name: string, all: Setting[], own: Values, channel: Values): string[] {
  return all
    .filter((one) => one.name !== name && one.kind !== 'list')
    .map((one) => [one.name, asText(valueOf(one, own, channel))] as const)
    .filter(([, value]) => value && value.length <= 200)
    .slice(0, 20)
    .map((pair) => pair.join('='));
}

/** Picks of a value: the server also takes bare ids. */
export function picksOf(value: unknown): Pick[] {
  return (Array.isArray(value) ? value : [value])
    .filter((one) => !blank(one))
    .map((one) => (typeof one === 'object' ? (one as Pick) : { id: String(one) }));
}

/** The choices of a setting with their labels. */
export function choicesOf(setting: Setting): Choice[] {
  const ids = (setting.many ? setting.items?.enum : setting.enum) ?? [];
  return ids
    .filter(Boolean)
    .map((id) => ({ id, label: setting['x-options']?.find((one) => one.id === id)?.label || id }));
}

/** A list of words, one a line. */
export function wordsOf(text: string): string[] {
  return text
    .split('\n')
    .map((one) => one.trim())
    .filter(Boolean);
}

/** A list with one entry at another place; the same list where there is none. */
export function moved<T>(list: T[], from: number, to: number): T[] {
  if (to < 0 || to >= list.length || from === to) return list;
  const next = [...list];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

/** What the check says, by the field it says it about: settings.communities.1.title is communities.1.title here. */
export type Said = Record<string, string>;

/** The messages about settings among a channel's problems; a field's own are joined. */
export function saidOf(problems: { field?: string; message: string }[]): Said {
  const found: Record<string, Set<string>> = {};
  for (const { field, message } of problems) {
    const path = field?.startsWith('settings.') ? field.slice('settings.'.length) : undefined;
    if (path) (found[path] ??= new Set()).add(message);
  }
  return Object.fromEntries(Object.entries(found).map(([path, all]) => [path, [...all].join(' ')]));
}

/** The part of what is said that is about one entry of a list. */
export function within(said: Said, path: string): Said {
  const start = `${path}.`;
  return Object.fromEntries(
    Object.entries(said)
      .filter(([field]) => field.startsWith(start))
      .map(([field, words]) => [field.slice(start.length), words]),
  );
}
