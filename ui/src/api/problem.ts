/** A refusal as the server gives it (RFC 9457), or what stands in for one when no answer came. */
import { maybe, t } from '../words/words.svelte';

interface ProblemBody {
  title?: string;
  detail?: string;
  code?: string;
  request_id?: string;
  errors?: { pointer?: string; parameter?: string; message?: string; detail?: string }[] | null;
  current?: unknown;
  [more: string]: unknown;
}

/** Problem is every error that the API layer throws. */
export class Problem extends Error {
  override name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly requestId: string;
  /** The thing as it is now, when a stale version was refused. */
  readonly current: unknown;
  readonly body: ProblemBody;
  readonly retryAfter: number | undefined;

  constructor(status: number, body: ProblemBody = {}, retryAfter?: number) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.status = status;
    this.body = body;
    this.code = body.code ?? (status ? `http_${status}` : 'offline');
    this.requestId = body.request_id ?? '';
    this.current = body.current;
    this.retryAfter = retryAfter;
  }

  /** No answer: the network is down or the server is away. */
  static offline(): Problem {
    return new Problem(0, { code: 'offline' });
  }

  /** A refusal from an answer's body, whatever came. */
  static from(status: number, body: unknown, retryAfter?: number): Problem {
    return new Problem(status, typeof body === 'object' && body !== null ? (body as ProblemBody) : {}, retryAfter);
  }

  /** Any thrown value as a problem. */
  static of(error: unknown): Problem {
    if (error instanceof Problem) return error;
    return new Problem(-1, { code: 'page_error', detail: error instanceof Error ? error.message : String(error) });
  }

  /** What a person reads: our words for codes we know, else the server's. */
  get says(): string {
    const ours = maybe(`problem.${this.code}`, { until: this.body['until'] as string });
    if (ours) return ours;
    if (this.body.detail) return this.body.detail;
    if (this.status >= 500) return t('problem.server');
    return this.body.title ?? t('problem.unknown');
  }

  /** Messages by field, from JSON pointers such as "/email" or "/body/email". */
  get fields(): Record<string, string> {
    const found: Record<string, string> = {};
    for (const { pointer = '', message, detail } of this.body.errors ?? []) {
      const name = pointer.replace(/^#?\/?(body\/)?/, '').replaceAll('/', '.');
      found[name] ??= message ?? detail ?? t('problem.field');
    }
    return found;
  }
}
