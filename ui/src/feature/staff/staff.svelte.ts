/** What staff read by a grant. Nothing is cached: every look asks the server anew, and an ended grant leaves nothing here. */
import { call, fetchPicture } from '../../api/client';
import { listen } from '../../api/events';
import { Problem } from '../../api/problem';
import type { Grant } from '../../api/types';

type Json = Record<string, unknown>;

export class Reading {
  grant = $state.raw<Grant>();
  /** Why nothing is shown any more. */
  over = $state.raw<string>();
  error = $state.raw<unknown>();
  content = $state.raw<unknown>();
  more = $state.raw<string>();
  picture = $state<string>();
  /** The record wants one line on why it is opened. */
  asks = $state(false);
  busy = $state(false);
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  /** Follows the grant until the returned function is called: its end empties the page at once. */
  follow(): () => void {
    const stop = listen(
      { grant: this.id },
      { change: (change) => change.kind.startsWith('grant.') && void this.look(), poll: () => void this.look() },
    );
    return () => {
      stop();
      this.forget();
    };
  }

  /** Reads how the grant stands. */
  async look(): Promise<void> {
    try {
      this.grant = await call('GET /support/grants/{grant}', { path: { grant: this.id }, quiet: true });
      if (this.grant.state !== 'active') this.end(this.grant.state);
    } catch (error) {
      const { status } = Problem.of(error);
      if (status === 401 || status === 404) this.end('gone');
      else this.error = error;
    }
  }

  /** Empties the page and says why. */
  end(why: string): void {
    this.forget();
    this.over = why;
  }

  private forget(): void {
    this.content = undefined;
    this.more = undefined;
    if (this.picture) URL.revokeObjectURL(this.picture);
    this.picture = undefined;
  }

  /** Reads a category, or one record of it. */
  async open(category: string, record: string | undefined, why: string): Promise<void> {
    this.forget();
    this.error = undefined;
    this.asks = false;
    this.busy = true;
    const headers: Record<string, string> = why ? { 'Support-Why': why } : {};
    const path = { grant: this.id };
    try {
      if (record && category === 'posts')
        this.content = await call('GET /support/grants/{grant}/posts/{post}', {
          path: { ...path, post: record },
          headers,
        });
      else if (record && category === 'media')
        this.content = await call('GET /support/grants/{grant}/media/{asset}', {
          path: { ...path, asset: record },
          headers,
        });
      else if (category === 'organization')
        this.content = await call('GET /support/grants/{grant}/organization', { path });
      else if (category === 'analytics') this.content = await call('GET /support/grants/{grant}/analytics', { path });
      else await this.list(category);
      if (record && category === 'media' && this.grant?.granted?.thumbnails)
        this.picture = await fetchPicture(`/support/grants/${this.id}/media/${record}/thumbnail`, headers);
    } catch (error) {
      this.failed(error);
    } finally {
      this.busy = false;
    }
    await this.look();
  }

  /** The next page of a list. */
  async list(category: string): Promise<void> {
    const options = { path: { grant: this.id }, query: { limit: 50, ...(this.more ? { cursor: this.more } : {}) } };
    const page =
      category === 'account'
        ? await call('GET /support/grants/{grant}/account', options)
        : category === 'posts'
          ? await call('GET /support/grants/{grant}/posts', options)
          : await call('GET /support/grants/{grant}/media', options);
    const before = (this.content as { items: Json[] } | undefined)?.items ?? [];
    this.content = { items: [...before, ...page.items] };
    this.more = page.next_cursor;
  }

  private failed(error: unknown): void {
    const problem = Problem.of(error);
    if (problem.code === 'grant_inactive') this.end(String(problem.body['state'] ?? 'gone'));
    else if (problem.code === 'why_missing') this.asks = true;
    else this.error = problem;
  }
}
