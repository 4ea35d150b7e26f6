/** What a look-up found: asked a moment after the typing, the newest question's answer alone. */
import { call } from '../../../api/client';
import { Problem } from '../../../api/problem';
import type { Pick } from './schema';

export interface Option extends Pick {
  help?: string;
}

export interface Question {
  workspace: string;
  channel: string;
  what: string;
  query: string;
  /** Settings chosen beside it, each name=value. */
  siblings: string[];
}

/** How long after the last letter the platform is asked, in milliseconds. */
export const pause = 250;

export class Found {
  options = $state.raw<Option[]>([]);
  asking = $state(false);
  /** Why the platform couldn't be asked. */
  failed = $state<string>();
  #answered = '';

  /** Asks unless this very question was answered last; gives what takes the question back. */
  ask(question: Question): (() => void) | undefined {
    const { workspace, channel, what, query, siblings } = question;
    const key = JSON.stringify([channel, what, query, siblings]);
    if (key === this.#answered) {
      this.asking = false;
      return undefined;
    }
    const stop = new AbortController();
    this.asking = true;
    const timer = setTimeout(
      () =>
        void call('GET /workspaces/{workspace}/channels/{channel}/lookup', {
          path: { workspace, channel },
          query: { what, ...(query ? { query } : {}), ...(siblings.length ? { with: siblings } : {}) },
          signal: stop.signal,
        }).then(
          ({ items }) => stop.signal.aborted || this.#is(key, items, undefined),
          (error: unknown) => stop.signal.aborted || this.#is('', [], Problem.of(error).says),
        ),
      query ? pause : 0,
    );
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }

  #is(key: string, options: Option[], failed: string | undefined) {
    this.#answered = key;
    this.options = options;
    this.failed = failed;
    this.asking = false;
  }
}
