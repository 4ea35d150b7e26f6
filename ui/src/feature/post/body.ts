/** A post's content as it travels: what is sent, and how two changed versions of it come together. */
import type { PostBody, Segment, Variant } from '../../api/types';

export type Content = Required<
  Pick<PostBody, 'text' | 'segments' | 'media' | 'channels' | 'variants' | 'labels' | 'private'>
>;

/** An empty post. */
export function nothing(): Content {
  return { text: '', segments: [], media: [], channels: [], variants: {}, labels: [], private: false };
}

/** Only what the API takes, with nothing absent. */
export function contentOf(post: Partial<Omit<PostBody, 'schedule'>>): Content {
  return {
    text: post.text ?? '',
    segments: (post.segments ?? []).map(segment),
    media: (post.media ?? []).map(media),
    channels: [...(post.channels ?? [])],
    variants: Object.fromEntries(
      Object.entries(post.variants ?? {})
        .map(([channel, one]) => [channel, variant(one)] as const)
        .filter(([, one]) => Object.keys(one).length),
    ),
    labels: [...(post.labels ?? [])],
    private: post.private ?? false,
  };
}

const media = ({ asset, alt }: { asset: string; alt?: string }) => ({ asset, ...(alt ? { alt } : {}) });

function segment(one: Segment): Segment {
  return { text: one.text ?? '', media: (one.media ?? []).map(media) };
}

/** What differs in a further part; an absent field falls back. */
function override(one: Segment): Segment {
  return {
    ...(one.text !== undefined ? { text: one.text } : {}),
    ...(one.media ? { media: one.media.map(media) } : {}),
  };
}

function variant(one: Variant): Variant {
  return {
    ...(one.text !== undefined && one.text !== null ? { text: one.text } : {}),
    ...(one.segments?.length ? { segments: one.segments.map(override) } : {}),
    ...(one.media ? { media: one.media.map(media) } : {}),
    ...(one.settings && Object.keys(one.settings as object).length ? { settings: one.settings } : {}),
    ...(one.first_comment ? { first_comment: one.first_comment } : {}),
  };
}

/** Nothing that would be worth keeping. */
export function isEmpty(content: Content): boolean {
  return (
    !content.text.trim() &&
    !content.media.length &&
    content.segments.every((one) => !one.text?.trim() && !one.media?.length) &&
    Object.values(content.variants).every((one) => !one.text?.trim() && !one.first_comment?.trim())
  );
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Equal in everything that is sent. */
export function equal(a: Content, b: Content): boolean {
  return same(sorted(a), sorted(b));
}

function sorted(content: Content): unknown {
  return { ...content, variants: Object.entries(content.variants).sort(([a], [b]) => a.localeCompare(b)) };
}

/** A place in the content that one side may change without the other: "text", "variants.chn_1.text". */
export type Field = string;

/** The fields in which two versions differ. */
export function differences(a: Content, b: Content): Field[] {
  const found: Field[] = (['text', 'segments', 'media', 'channels', 'labels', 'private'] as const).filter(
    (field) => !same(a[field], b[field]),
  );
  for (const channel of new Set([...Object.keys(a.variants), ...Object.keys(b.variants)])) {
    const [one, two] = [a.variants[channel] ?? {}, b.variants[channel] ?? {}];
    for (const field of ['text', 'segments', 'media', 'settings', 'first_comment'] as const) {
      if (!same(one[field], two[field])) found.push(`variants.${channel}.${field}`);
    }
  }
  return found;
}

/** What both changed since the version they began with; the merge takes ours where only we changed, theirs elsewhere. */
export function merge(base: Content, mine: Content, theirs: Content): { merged: Content; both: Field[] } {
  const ours = differences(base, mine);
  const other = new Set(differences(base, theirs));
  const apart = new Set(differences(mine, theirs));
  const both = ours.filter((field) => other.has(field) && apart.has(field));
  const merged = contentOf(theirs);
  for (const field of ours) take(merged, mine, field);
  return { merged, both };
}

/** Copies one field from a version into another. */
export function take(into: Content, from: Content, field: Field): void {
  const [head, channel, part] = field.split('.') as [keyof Content, string | undefined, keyof Variant | undefined];
  if (head !== 'variants' || !channel || !part) {
    Object.assign(into, { [head]: structuredClone(from[head]) });
    return;
  }
  const next: Variant = { ...into.variants[channel] };
  const value = from.variants[channel]?.[part];
  if (value === undefined) delete next[part];
  else Object.assign(next, { [part]: structuredClone(value) });
  if (Object.keys(next).length) into.variants[channel] = next;
  else delete into.variants[channel];
}
