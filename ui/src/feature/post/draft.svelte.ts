/**
 * The post being written: base, variants, media, time; and how it is kept: on the device at every change, on the server soon
 * after, with the version it began from. A post that is already scheduled is only changed on the server by the main button, so
 * that half a sentence never goes out.
 */
import { call, newKey } from '../../api/client';
import { cache, reads } from '../../api/cache';
import { device } from '../../api/device';
import { Problem } from '../../api/problem';
import { transfers } from '../../api/transfers.svelte';
import type { Asset, MediaRef, Post, PostBody, ScheduleBody, Segment, Variant } from '../../api/types';
import { toast } from '../../kit/toasts.svelte';
import { partsFor, type Part } from './rules';
import { removePost } from './remove';
import { contentOf, differences, equal, isEmpty, merge, nothing, type Content, type Field } from './body';

export type Saved = 'new' | 'saved' | 'saving' | 'device' | 'conflict';

/** A file on its way, before it is an asset. */
export interface Upload {
  key: string;
  name: string;
  picture: string | undefined;
  sent: number;
  total: number;
  error?: string;
  stop: () => void;
  part: number;
  tab: string;
}

interface Kept {
  content: Content;
  base: Content;
  version: number | undefined;
  when: string;
  at: number;
}

export class Draft {
  readonly workspace: string;
  post = $state.raw<Post>();
  content = $state<Content>(nothing());
  /** What was typed into When. */
  when = $state('');
  saved = $state<Saved>('new');
  savedAt = $state<Date>();
  conflict = $state.raw<{ theirs: Post; both: Field[] }>();
  uploads = $state<Upload[]>([]);
  assets = $state<Record<string, Asset | undefined>>({});

  /** The content that the server has, or had when editing began. */
  #base: Content = nothing();
  #key = newKey();
  #chain: Promise<unknown> = Promise.resolve();
  #timers: Record<string, ReturnType<typeof setTimeout>> = {};
  #ended = false;

  constructor(workspace: string) {
    this.workspace = workspace;
  }

  /** True when the server may be changed without a word: a draft, or nothing yet. */
  get isDraft(): boolean {
    return !this.post || this.post.status === 'draft';
  }

  get deviceKey(): string {
    return `${this.workspace}/${this.post?.id ?? 'new'}`;
  }

  /** Opens an existing post; what the device kept of it and the server lacks wins. */
  async open(id: string): Promise<void> {
    const post = await cache.fetchQuery({ ...reads.post(this.workspace, id), staleTime: 0 });
    this.#take(post);
    const kept = await device.get<Kept>('drafts', this.deviceKey);
    if (kept && !equal(kept.content, this.#base)) {
      if (kept.version === post.version) this.content = kept.content;
      else this.#rebase(kept.base, kept.content, post);
      this.saved = 'device';
      this.changed();
    }
    this.#learnAssets();
  }

  /** Begins a new one, from what the device kept of an unsaved one if the caller wants that. */
  async begin(from: Partial<PostBody>, restore: boolean): Promise<void> {
    const kept = restore ? await device.get<Kept>('drafts', this.deviceKey) : undefined;
    this.content = kept && !isEmpty(kept.content) ? kept.content : contentOf(from);
    if (kept && !isEmpty(kept.content)) {
      this.when = kept.when;
      this.saved = 'device';
      this.changed();
    }
    this.#learnAssets();
  }

  #take(post: Post): void {
    this.post = post;
    this.#base = contentOf(post);
    this.content = contentOf(post);
    this.saved = 'saved';
    this.savedAt = new Date(post.updated_at);
  }

  /* Changing */

  /** The variant of a tab, or undefined for the base. */
  variant(tab: string): Variant | undefined {
    return tab === 'base' ? undefined : this.content.variants[tab];
  }

  /** The parts as a tab shows them; each field of a variant falls back by itself. */
  parts(tab: string): Part[] {
    return partsFor(this.content, tab);
  }

  setText(tab: string, part: number, text: string): void {
    if (part > 0) this.#segments(tab, (list) => list.map((one, i) => (i === part - 1 ? { ...one, text } : one)));
    else if (tab === 'base') this.content.text = text;
    else this.#own(tab, { text });
    this.changed();
  }

  setMedia(tab: string, part: number, media: MediaRef[]): void {
    if (part > 0) this.#segments(tab, (list) => list.map((one, i) => (i === part - 1 ? { ...one, media } : one)));
    else if (tab === 'base') this.content.media = media;
    else this.#own(tab, { media });
    this.changed();
  }

  /** Puts all parts in place of the old ones. */
  setParts(tab: string, parts: Segment[]): void {
    const [first, ...rest] = parts.length ? parts : [{ text: '', media: [] }];
    if (tab === 'base') {
      this.content.text = first!.text ?? '';
      this.content.media = first!.media ?? [];
      this.content.segments = rest;
    } else {
      // A channel can't have fewer parts than the base: what is left over is emptied.
      const empty = this.content.segments.slice(rest.length).map(() => ({ text: '', media: [] }));
      this.#own(tab, { text: first!.text, media: first!.media ?? [], segments: [...rest, ...empty] });
    }
    this.changed();
  }

  setVariant(tab: string, change: Partial<Variant>): void {
    this.#own(tab, change);
    this.changed();
  }

  /** Makes a channel follow the base again, in one field or in all. */
  follow(tab: string, field?: keyof Variant): Variant | undefined {
    const before = this.content.variants[tab];
    if (!before) return undefined;
    const next = { ...before };
    if (field) delete next[field];
    if (!field || !Object.keys(next).length) delete this.content.variants[tab];
    else this.content.variants[tab] = next;
    this.changed();
    return before;
  }

  toggle(channel: string): void {
    const at = this.content.channels.indexOf(channel);
    if (at >= 0) this.content.channels.splice(at, 1);
    else this.content.channels.push(channel);
    this.changed();
  }

  #own(tab: string, change: Partial<Variant>): void {
    this.content.variants[tab] = { ...this.content.variants[tab], ...change };
  }

  #segments(tab: string, change: (list: Segment[]) => Segment[]): void {
    if (tab === 'base') {
      this.content.segments = change([...this.content.segments]);
      return;
    }
    const own = this.variant(tab)?.segments ?? [];
    const length = Math.max(own.length, this.content.segments.length);
    this.#own(tab, { segments: change(Array.from({ length }, (_, i) => own[i] ?? {})) });
  }

  /* Media */

  /** Uploads files into a part of a tab. */
  attach(tab: string, part: number, files: Iterable<File>): void {
    for (const file of files) void this.#send(tab, part, file);
  }

  async #send(tab: string, part: number, file: File): Promise<void> {
    const stop = new AbortController();
    const key = newKey();
    const picture = file.type.startsWith('image/') ? URL.createObjectURL(file) : undefined;
    this.uploads.push({
      key,
      name: file.name,
      picture,
      sent: 0,
      total: file.size,
      stop: () => stop.abort(),
      part,
      tab,
    });
    const row = () => this.uploads.find((one) => one.key === key);
    try {
      let placed = false;
      await transfers.send(
        this.workspace,
        file,
        (asset) => {
          this.assets[asset.id] = asset;
          if (placed) return;
          placed = true;
          this.uploads = this.uploads.filter((one) => one.key !== key);
          const parts = this.parts(tab);
          const at = Math.min(part, parts.length - 1);
          this.setMedia(tab, at, [
            ...(parts[at]?.media ?? []),
            { asset: asset.id, ...(asset.alt ? { alt: asset.alt } : {}) },
          ]);
        },
        stop.signal,
        (sent) => {
          const one = row();
          if (one) one.sent = sent;
        },
      );
    } catch (error) {
      const one = row();
      if (error instanceof DOMException || !one) this.uploads = this.uploads.filter((other) => other.key !== key);
      else one.error = Problem.of(error).says;
    } finally {
      if (picture) setTimeout(() => URL.revokeObjectURL(picture), 10_000);
    }
  }

  #learnAssets(): void {
    const ids = new Set<string>();
    const add = (list: MediaRef[] | undefined) => list?.forEach((one) => ids.add(one.asset));
    const walk = (one: { media?: MediaRef[]; segments?: Segment[] }) => {
      add(one.media);
      one.segments?.forEach((segment) => add(segment.media));
    };
    walk(this.content);
    Object.values(this.content.variants).forEach(walk);
    for (const id of ids) {
      if (this.assets[id]) continue;
      void cache
        .fetchQuery(reads.asset(this.workspace, id))
        .then((asset) => (this.assets[id] = asset))
        .catch(() => undefined);
    }
  }

  /* Keeping */

  /** Something was changed: device in 200 ms, server in 800. */
  changed(): void {
    if (this.#ended) return;
    if (this.saved !== 'conflict') this.saved = this.saved === 'new' ? 'new' : 'saving';
    this.#after('device', 200, () => void this.keep());
    if (this.isDraft) this.#after('server', 800, () => void this.save());
  }

  #after(name: string, ms: number, act: () => void): void {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(act, ms);
  }

  /** Puts the content on the device now. */
  async keep(): Promise<void> {
    if (this.#ended) return;
    const content = $state.snapshot(this.content) as Content;
    if (equal(content, this.#base) || (!this.post && isEmpty(content))) {
      await device.drop('drafts', this.deviceKey);
      return;
    }
    const kept: Kept = { content, base: this.#base, version: this.post?.version, when: this.when, at: Date.now() };
    await device.put('drafts', this.deviceKey, kept);
    if (!this.isDraft && this.saved !== 'conflict') this.saved = 'device';
  }

  /** Sends what the server lacks; one save at a time. */
  save(keepalive = false): Promise<void> {
    clearTimeout(this.#timers['server']);
    const next = this.#chain.then(() => this.#save(keepalive));
    this.#chain = next.catch(() => undefined);
    return next;
  }

  async #save(keepalive: boolean): Promise<void> {
    const content = $state.snapshot(this.content) as Content;
    if (this.#ended || this.conflict || !this.isDraft || equal(content, this.#base)) {
      if (this.saved === 'saving') this.saved = this.post ? 'saved' : 'new';
      return;
    }
    if (!this.post && isEmpty(content)) return;
    this.saved = 'saving';
    try {
      const before = this.deviceKey;
      const post = this.post
        ? await this.#patch(content, keepalive)
        : await call('POST /workspaces/{workspace}/posts', {
            path: { workspace: this.workspace },
            body: content,
            key: this.#key,
            keepalive,
          });
      if (!this.post) history.replaceState(history.state, '', `/w/${this.workspace}/compose/${post.id}`);
      this.#accepted(post, content);
      if (before !== this.deviceKey) await device.drop('drafts', before);
    } catch (error) {
      this.#refused(Problem.of(error));
    }
  }

  #patch(body: Partial<PostBody>, keepalive = false): Promise<Post> {
    const post = this.post!;
    return call('PATCH /workspaces/{workspace}/posts/{post}', {
      path: { workspace: this.workspace, post: post.id },
      version: post.version,
      body,
      keepalive,
    });
  }

  #accepted(post: Post, sent: Content): void {
    this.post = post;
    this.#base = sent;
    this.#key = newKey();
    this.savedAt = new Date();
    const clean = equal($state.snapshot(this.content) as Content, sent);
    this.saved = clean ? 'saved' : 'saving';
    cache.setQueryData(reads.post(this.workspace, post.id).queryKey, post);
    if (clean) void device.drop('drafts', this.deviceKey);
  }

  #refused(problem: Problem): void {
    if (problem.status === 412 && problem.current) {
      this.#rebase(this.#base, $state.snapshot(this.content) as Content, problem.current as Post);
      if (!this.conflict) this.#after('server', 50, () => void this.save());
      return;
    }
    this.saved = 'device';
    if (problem.status === 0 || problem.status >= 500) this.#after('server', 5000, () => void this.save());
  }

  /** Two versions: what doesn't overlap comes together; what does is a question. */
  #rebase(base: Content, mine: Content, theirs: Post): void {
    const { merged, both } = merge(base, mine, contentOf(theirs));
    if (both.length) {
      this.conflict = { theirs, both };
      this.saved = 'conflict';
      return;
    }
    this.post = theirs;
    this.#base = contentOf(theirs);
    this.content = merged;
    toast('compose.rebased');
  }

  /** The fields that only we changed since the version we began with. */
  oursAlone(): Field[] {
    const both = new Set(this.conflict?.both);
    return differences(this.#base, $state.snapshot(this.content) as Content).filter((field) => !both.has(field));
  }

  /** A person decided: this content goes on from their version. */
  settle(content: Content): void {
    const { theirs } = this.conflict!;
    this.post = theirs;
    this.#base = contentOf(theirs);
    this.content = content;
    this.conflict = undefined;
    this.saved = 'saving';
    this.changed();
  }

  /** Keeps our words as a post of its own and leaves theirs alone. */
  async fork(): Promise<Post> {
    const body = $state.snapshot(this.content) as Content;
    const post = await call('POST /workspaces/{workspace}/posts', {
      path: { workspace: this.workspace },
      body,
      key: newKey(),
    });
    await device.drop('drafts', this.deviceKey);
    return post;
  }

  /** Schedules, publishes or saves the change of a scheduled post. Only the server's yes makes it true. */
  async schedule(schedule: ScheduleBody | undefined): Promise<Post> {
    clearTimeout(this.#timers['server']);
    await this.#chain;
    const content = $state.snapshot(this.content) as Content;
    const body: PostBody = { ...content, ...(schedule ? { schedule } : {}) };
    try {
      const post = this.post
        ? await this.#patch(body)
        : await call('POST /workspaces/{workspace}/posts', {
            path: { workspace: this.workspace },
            body,
            key: this.#key,
          });
      const key = this.deviceKey;
      this.#ended = true;
      Object.values(this.#timers).forEach(clearTimeout);
      await device.drop('drafts', key);
      await device.put('kept', `${this.workspace}/set`, content.channels);
      cache.setQueryData(reads.post(this.workspace, post.id).queryKey, post);
      void cache.invalidateQueries({ queryKey: [this.workspace] });
      return post;
    } catch (error) {
      const problem = Problem.of(error);
      if (problem.status === 412) this.#refused(problem);
      throw problem;
    }
  }

  /** Leaves the page: what isn't saved goes out with the page's last breath. */
  async leave(): Promise<void> {
    Object.values(this.#timers).forEach(clearTimeout);
    await this.keep();
    if (this.isDraft) await this.save(true).catch(() => undefined);
  }

  /** Removes the post. */
  async remove(): Promise<void> {
    this.#ended = true;
    Object.values(this.#timers).forEach(clearTimeout);
    await this.#chain;
    if (this.post) {
      await removePost(this.workspace, this.post);
    }
    await device.drop('drafts', this.deviceKey);
  }
}
