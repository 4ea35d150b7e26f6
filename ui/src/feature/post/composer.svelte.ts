/** What the composing page knows beside the draft: the open tab, the time meant, the problems, and what the main button does. */
import { call } from '../../api/client';
import type { Channel, Platform, Post, ScheduleBody, Workspace } from '../../api/types';
import { cut, split } from '../../text/count';
import { readWhen, type When } from '../../text/when';
import { clock, city, day, moment } from '../../words/dates';
import { hour12, t } from '../../words/words.svelte';
import type { Content } from './body';
import type { Draft } from './draft.svelte';
import { kindFor, localProblems, measure, sentParts, threads, together, type Measure, type PostProblem } from './rules';

export interface Surroundings {
  channels: Channel[];
  platforms: Platform[];
  settings: Workspace | undefined;
  zone: string;
  /** The next free slot of the first chosen channel. */
  slot: string | undefined;
}

export class Composer {
  tab = $state('base');
  choice = $state(0);
  now = $state(new Date());
  serverProblems = $state.raw<PostProblem[]>([]);
  /** The kind that each channel would send it as, by the server. */
  kinds = $state.raw<Record<string, string>>({});
  /** The setting that a problem leads to, until the form has taken the focus there. */
  settingWanted = $state<string>();
  asked = $state(false);
  whenMissing = $state(false);
  readonly draft: Draft;
  readonly around: () => Surroundings;
  #check: ReturnType<typeof setTimeout> | undefined;
  #checking: AbortController | undefined;

  constructor(draft: Draft, around: () => Surroundings) {
    this.draft = draft;
    this.around = around;
  }

  /* Time */

  when = $derived.by<When>(() =>
    readWhen(this.draft.when, { now: this.now, zone: this.around().zone, hour12: hour12() }),
  );

  /** The instant meant, when there is one. */
  at = $derived.by<{ at: Date; zone: string } | undefined>(() => {
    const { when } = this;
    if (when.kind === 'at') return when.readings[this.choice] ?? when.readings[0];
    const { slot, zone } = this.around();
    return when.kind === 'next' && slot ? { at: new Date(slot), zone } : undefined;
  });

  /** What goes into the request; undefined while the time isn't clear. */
  scheduleBody(): ScheduleBody | undefined {
    // "in 1 min" counts from now, not from when it was typed.
    this.now = new Date();
    const { when } = this;
    if (when.kind === 'now') return { now: true, hold_seconds: this.around().settings?.hold_seconds ?? 10 };
    if (when.kind === 'next') return this.around().slot ? { slot: 'next' } : undefined;
    const meant = this.at;
    return meant && { at: meant.at.toISOString(), timezone: meant.zone };
  }

  /** Words that When reads back as this instant. */
  wordsFor(at: string, zone: string): string {
    const date = new Date(at);
    const parts = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      day: 'numeric',
      month: 'short',
      year: 'numeric',
    }).format(date);
    const time = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    }).format(date);
    return `${parts.replace('Sept', 'Sep')} ${time}${zone === this.around().zone ? '' : ` ${city(zone)}`}`;
  }

  /* Channels and problems */

  chosen = $derived.by<Channel[]>(() =>
    this.draft.content.channels.map((id) => this.around().channels.find((one) => one.id === id)).filter((one) => !!one),
  );

  platformOf(channel: Channel | undefined): Platform | undefined {
    return this.around().platforms.find((one) => one.id === channel?.platform);
  }

  /** How long a part is: for the tab's channel, or for the tightest of all on the base. */
  measured(tab: string, part: number): (Measure & { channel: Channel }) | undefined {
    const channels = tab === 'base' ? this.chosen : this.chosen.filter((one) => one.id === tab);
    const all = channels
      .map((channel) => {
        const one = sentParts(this.draft.content, channel.id, this.platformOf(channel))[part];
        if (!one || (tab === 'base' && part === 0 && this.draft.content.variants[channel.id]?.text !== undefined))
          return undefined;
        const found = measure(one.text, kindFor(this.platformOf(channel), part, one.media), channel);
        return found && { ...found, channel };
      })
      .filter((one) => !!one);
    return all.sort((a, b) => a.left - b.left)[0];
  }

  problems = $derived.by<PostProblem[]>(() => {
    const { channels, platforms, settings } = this.around();
    const content = this.draft.content;
    const local = localProblems(content, {
      channels,
      platforms,
      assets: this.draft.assets,
      altText: settings?.alt_text ?? 'warn',
    });
    const server = this.serverProblems.filter(
      (one) => content.channels.includes(one.channel) && one.code !== 'text_too_long',
    );
    // "Nothing to send" is said once somebody tries to send it, not while the page is still empty.
    return together(local, server).filter((one) => this.asked || !['post_empty', 'text_missing'].includes(one.code));
  });

  blockers = $derived(this.problems.filter((one) => one.severity === 'block'));

  /** Asks the server's rules, 600 ms after the last change. */
  check(content: Content): void {
    clearTimeout(this.#check);
    if (!content.channels.length) {
      this.serverProblems = [];
      return;
    }
    this.#check = setTimeout(() => void this.#ask(content), 600);
  }

  async #ask(content: Content): Promise<void> {
    this.#checking?.abort();
    const mine = (this.#checking = new AbortController());
    try {
      const answer = await call('POST /workspaces/{workspace}/posts/check', {
        path: { workspace: this.draft.workspace },
        body: content,
        signal: mine.signal,
      });
      if (mine.signal.aborted) return;
      this.kinds = Object.fromEntries(
        Object.entries(answer.channels ?? {}).map(([channel, one]) => [channel, one.kind]),
      );
      this.serverProblems = Object.entries(answer.channels ?? {}).flatMap(([channel, one]) =>
        (one.problems ?? []).map((problem) => ({ ...problem, channel, severity: problem.severity || 'block' })),
      );
    } catch {
      // The local rules stand until the server can be asked again.
    }
  }

  end(): void {
    clearTimeout(this.#check);
    this.#checking?.abort();
  }

  /** The buttons that would fix a problem. */
  fixes(
    problem: PostProblem,
    acts: { alt: () => void; reconnect: (channel: string) => void },
  ): { label: string; run: () => void }[] {
    const channel = this.chosen.find((one) => one.id === problem.channel);
    const part = problem.part ?? 0;
    if (problem.code === 'text_too_long' && channel) {
      const one = sentParts(this.draft.content, channel.id, this.platformOf(channel))[part];
      const kind = kindFor(this.platformOf(channel), part, one?.media ?? []);
      const measured = one && measure(one.text, kind, channel);
      if (!one || !measured) return [];
      const { link } = measured;
      const { count } = measured.rule;
      const list = [
        {
          label: t('fix.cut', { n: -measured.left }),
          run: () => this.draft.setText(channel.id, part, cut(count, one.text, measured.limit, link)),
        },
      ];
      if (threads(this.platformOf(channel))) {
        list.unshift({
          label: t('fix.split'),
          run: () => {
            const parts = this.draft.parts(channel.id);
            const pieces = split(count, one.text, measured.limit, link);
            const made = pieces.map((text, i) => ({ text, media: i === 0 ? one.media : [] }));
            this.draft.setParts(channel.id, [...parts.slice(0, part), ...made, ...parts.slice(part + 1)]);
            this.tab = channel.id;
          },
        });
      }
      return list;
    }
    if (problem.fix === 'alt' || problem.code === 'alt_missing') return [{ label: t('fix.alt'), run: acts.alt }];
    if (problem.fix === 'reconnect')
      return [{ label: t('channel.reconnect'), run: () => acts.reconnect(problem.channel) }];
    if (problem.fix === 'exclude' || problem.code === 'media_missing' || problem.code === 'no_kind') {
      return [{ label: t('fix.exclude'), run: () => this.draft.toggle(problem.channel) }];
    }
    return [];
  }

  /* The main button */

  /** Already scheduled, and edited in place. */
  get editing(): boolean {
    return !this.draft.isDraft;
  }

  label = $derived.by<{ text: string; short: string; sub: string }>(() => {
    const n = this.draft.content.channels.length;
    const meant = this.at;
    const time = meant ? moment(meant.at, meant.zone, this.now) : '';
    if (this.editing) {
      const text = this.when.kind === 'now' ? t('main.retryNow') : time ? t('main.saveAt', { time }) : t('main.save');
      return { text, short: t('main.save'), sub: time };
    }
    if (this.when.kind === 'now') return { text: t('main.now', { n }), short: t('main.nowShort', { n }), sub: '' };
    if (!meant) return { text: t('main.open', { n }), short: t('main.open', { n }), sub: '' };
    return { text: t('main.schedule', { n, time }), short: t('main.scheduleShort', { n }), sub: time };
  });

  /** Where the post stands now, in the words of the toast. */
  told(post: Post): string {
    const { zone } = this.around();
    const at = post.schedule?.at ?? post.deliveries?.[0]?.due_at;
    return at ? t('compose.scheduled', { time: `${day(at, zone)}, ${clock(at, zone)}` }) : t('compose.saved');
  }
}
