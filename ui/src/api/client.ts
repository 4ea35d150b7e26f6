/**
 * The only place that fetches. Adds versions and idempotency keys, turns refusals into Problems, and asks the person to sign in
 * again or to confirm with a factor where the server wants that, then repeats the request: the form behind stays as it was.
 */
import createClient from 'openapi-fetch';
import { Problem } from './problem';
import type { paths } from './schema';
import type { AnswerOf, BodyOf, Name, PathOf, QueryOf } from './types';

interface Options<N extends Name> {
  path?: PathOf<N>;
  query?: QueryOf<N>;
  body?: BodyOf<N>;
  /** Sent as If-Match. */
  version?: number | undefined;
  /** One key for all tries of the same act; made here when a POST has none. */
  key?: string;
  signal?: AbortSignal | undefined;
  headers?: Record<string, string>;
  keepalive?: boolean;
  /** Answers 401 as a problem instead of asking to sign in. */
  quiet?: boolean;
}

/** What the shell does when the server asks for a person. */
export interface Asking {
  signIn(): Promise<boolean>;
  stepUp(asked: { act: string; object: string | undefined; body: unknown; enrol: boolean }): Promise<boolean>;
  /** An organization has closed to this session: who is signed in, and where they may go, is to be read again. */
  barred(): void;
  seen(headers: Headers): void;
}

let asking: Asking | undefined;

/** The shell registers its dialogs here, so that the API layer knows no component. */
export function whenAsked(by: Asking): void {
  asking = by;
}

const http = createClient<paths>({
  fetch: (request) => globalThis.fetch(request),
  credentials: 'same-origin',
  redirect: 'error',
});

/** An idempotency key; crypto.randomUUID doesn't exist without https. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}

/** Calls an operation, as in call('GET /workspaces/{workspace}/home', { path: { workspace } }). */
export async function call<N extends Name>(name: N, options: Options<N> = {}): Promise<AnswerOf<N>> {
  return (await repeat(name, options, 'json')).data as AnswerOf<N>;
}

/** Calls an operation that answers a file; the name is the one that the server gives it. */
export async function fetchFile<N extends Name>(
  name: N,
  options: Options<N> = {},
): Promise<{ name: string; file: Blob }> {
  const { data, response } = await repeat(name, options, 'blob');
  const [, given] = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get('Content-Disposition') ?? '') ?? [];
  return { name: decodeURIComponent(given ?? 'download'), file: data as Blob };
}

/** What the server wants signed by the key that the session is tied to. It says so of each the first time. */
const signs = new Set<string>(['POST /session/step-up']);

/** The key's code is loaded when the first signature is due. */
const sign = (request: Request) =>
  import('./devicekey').then(({ signed }) => signed(request)).then((request) => globalThis.fetch(request));

type Answer = { data?: unknown; error?: unknown; response: Response };

async function repeat<N extends Name>(name: N, options: Options<N>, as: 'json' | 'blob'): Promise<Answer> {
  const key = options.key ?? newKey();
  for (let tries = 0; ; tries++) {
    try {
      return await once(name, options, key, as);
    } catch (error) {
      const problem = Problem.of(error);
      if (problem.code === 'device_signature_required' && !signs.has(name)) {
        signs.add(name);
        tries--;
        continue;
      }
      if (tries > 1 || !asking || options.quiet) throw problem;
      if (problem.status === 401 && (await asking.signIn())) continue;
      if (problem.code === 'step_up_required' || problem.code === 'second_factor_required') {
        const act = String(problem.body['for'] ?? (problem.body['organization'] ? 'organization.factor' : name));
        const object = problem.body['object'] as string | undefined;
        const enrol = problem.code === 'second_factor_required';
        const body = object ? (options.body ?? {}) : undefined;
        if (await asking.stepUp({ act, object, body, enrol })) continue;
      }
      if (problem.status === 403 && problem.body['organization']) asking.barred();
      throw problem;
    }
  }
}

async function once<N extends Name>(
  name: N,
  options: Options<N>,
  key: string,
  parseAs: 'json' | 'blob',
): Promise<Answer> {
  const [method = 'GET', path = '/'] = name.split(' ');
  const headers: Record<string, string> = { ...options.headers };
  if (options.version !== undefined) headers['If-Match'] = `"${options.version}"`;
  if (method === 'POST') headers['Idempotency-Key'] = key;
  const send = http.request as unknown as (method: string, path: string, init: object) => Promise<Answer>;
  let answer;
  try {
    answer = await send(method.toLowerCase(), `/api/v1${path}`, {
      params: { path: options.path, query: options.query },
      body: options.body ?? (method === 'POST' ? {} : undefined),
      headers,
      parseAs,
      signal: options.signal,
      keepalive: options.keepalive,
      ...(signs.has(name) ? { fetch: sign } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    if (error instanceof Problem) throw error;
    if (error instanceof SyntaxError) throw new Problem(502, { code: 'unreadable_answer' });
    throw Problem.offline();
  }
  const { response } = answer;
  asking?.seen(response.headers);
  if (response.ok) return answer;
  throw problemFrom(response, answer.error);
}

/** The problem in an answer that isn't one of 2xx. */
export function problemFrom(response: Response, body: unknown): Problem {
  const retry = Number(response.headers.get('Retry-After'));
  return Problem.from(response.status, body, Number.isFinite(retry) && retry > 0 ? retry : undefined);
}

/** A picture as an address of this page alone; whoever asked for it revokes it. */
export async function fetchPicture(path: string, headers: Record<string, string>): Promise<string> {
  const response = await globalThis.fetch(`/api/v1${path}`, { headers, credentials: 'same-origin', cache: 'no-store' });
  if (!response.ok) throw problemFrom(response, await response.json().catch(() => undefined));
  return URL.createObjectURL(await response.blob());
}
