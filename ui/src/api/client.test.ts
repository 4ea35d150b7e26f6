import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cache, heard, reads } from './cache';
import { call, fetchFile, whenAsked } from './client';
import { Problem } from './problem';

interface Sent {
  method: string;
  url: string;
  headers: Headers;
  body: unknown;
}

const nobody = {
  signIn: async () => false,
  stepUp: async () => false,
  barred: () => undefined,
  seen: () => undefined,
};

const sent: Sent[] = [];
let answers: (() => Response)[] = [];

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  () =>
    new Response(body === undefined ? null : JSON.stringify(body), {
      status,
      headers: { 'Content-Type': 'application/json', ...headers },
    });
const problem = (status: number, code: string, more: object = {}) =>
  json(status, { status, code, title: code, detail: `It was ${code}.`, request_id: 'req_1', ...more });

beforeEach(() => {
  sent.length = 0;
  vi.stubGlobal('fetch', async (request: Request) => {
    const text = await request.clone().text();
    sent.push({
      method: request.method,
      url: new URL(request.url).pathname,
      headers: request.headers,
      body: text ? JSON.parse(text) : undefined,
    });
    const next = answers.shift();
    if (!next) throw new TypeError('Failed to fetch');
    return next();
  });
});
afterEach(() => {
  answers = [];
  vi.unstubAllGlobals();
  whenAsked(nobody);
});

const path = { workspace: 'wsp_1', post: 'pst_1' };

describe('a call', () => {
  it('carries the version it was made from and a key of its own', async () => {
    answers = [json(200, { id: 'pst_1', version: 5 })];
    await call('POST /workspaces/{workspace}/posts/{post}/restore', { path, version: 4 });
    expect(sent[0]).toMatchObject({ method: 'POST', url: '/api/v1/workspaces/wsp_1/posts/pst_1/restore' });
    expect(sent[0]!.headers.get('If-Match')).toBe('"4"');
    expect(sent[0]!.headers.get('Idempotency-Key')).toMatch(/^[0-9a-f]{32}$/);
  });
  it('gives a refusal as a problem with its fields and the thing as it is now', async () => {
    answers = [
      problem(412, 'stale', { current: { version: 9 }, errors: [{ pointer: '/body/email', message: 'No address.' }] }),
    ];
    const refused = await call('DELETE /workspaces/{workspace}/posts/{post}', { path, version: 1 }).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(Problem);
    expect(refused).toMatchObject({
      status: 412,
      code: 'stale',
      current: { version: 9 },
      requestId: 'req_1',
      fields: { email: 'No address.' },
    });
  });
  it('says that nobody answered', async () => {
    await expect(call('GET /session')).rejects.toMatchObject({ status: 0, code: 'offline' });
  });
  it('asks to sign in again and goes on with the same key', async () => {
    const signIn = vi.fn(async () => true);
    whenAsked({ ...nobody, signIn });
    answers = [problem(401, 'unauthenticated'), json(201, { id: 'pst_1' })];
    await call('POST /workspaces/{workspace}/posts', { path: { workspace: 'wsp_1' }, body: { text: 'kept' } });
    expect(signIn).toHaveBeenCalledOnce();
    expect(sent.map((one) => one.body)).toEqual([{ text: 'kept' }, { text: 'kept' }]);
    expect(sent[0]!.headers.get('Idempotency-Key')).toBe(sent[1]!.headers.get('Idempotency-Key'));
  });
  it('asks for a factor where the act needs one', async () => {
    const stepUp = vi.fn(async () => true);
    whenAsked({ ...nobody, stepUp });
    answers = [
      problem(403, 'step_up_required', { for: 'invitations.create', methods: ['totp'] }),
      json(201, { id: 'inv_1' }),
    ];
    await call('POST /organizations/{organization}/invitations', {
      path: { organization: 'org_1' },
      body: { email: 'a@b.example', role: 'member' },
    });
    expect(stepUp).toHaveBeenCalledWith({ act: 'invitations.create', object: undefined, enrol: false });
  });
  it('offers a second factor where the organization asks for one, and says that it stays closed without', async () => {
    const stepUp = vi.fn(async () => false);
    const barred = vi.fn();
    whenAsked({ ...nobody, stepUp, barred });
    answers = [problem(403, 'second_factor_required', { organization: 'org_1' })];
    await expect(call('POST /workspaces/{workspace}/posts', { path, body: { text: 'x' } })).rejects.toMatchObject({
      code: 'second_factor_required',
    });
    expect(stepUp).toHaveBeenCalledWith({ act: 'organization.factor', object: undefined, enrol: true });
    expect(barred).toHaveBeenCalledOnce();
    answers = [problem(403, 'way_refused', { organization: 'org_1' }), problem(403, 'forbidden')];
    await call('POST /workspaces/{workspace}/posts', { path, body: { text: 'x' } }).catch(() => undefined);
    await call('POST /workspaces/{workspace}/posts', { path, body: { text: 'x' } }).catch(() => undefined);
    expect(barred).toHaveBeenCalledTimes(2);
  });
  it('stops when the person says no', async () => {
    answers = [problem(401, 'unauthenticated')];
    await expect(call('GET /session')).rejects.toMatchObject({ status: 401 });
    expect(sent).toHaveLength(1);
  });
});

describe('a file', () => {
  const take = () =>
    fetchFile('POST /organizations/{organization}/audit/export', {
      path: { organization: 'org_1' },
      body: { format: 'csv' },
    });
  it('keeps its bytes and the name that the server gives it', async () => {
    const name = { 'Content-Disposition': "attachment; filename*=UTF-8''audit%20of%20Z%C3%BCrich.csv" };
    answers = [() => new Response('a,b\n', { headers: { 'Content-Type': 'text/csv', ...name } })];
    const { name: given, file } = await take();
    expect(given).toBe('audit of Zürich.csv');
    expect(await file.text()).toBe('a,b\n');
  });
  it('is asked for again after the factor that it needs', async () => {
    const stepUp = vi.fn(async () => true);
    whenAsked({ ...nobody, stepUp });
    answers = [problem(403, 'step_up_required', { for: 'audit.export' }), () => new Response('a,b\n')];
    expect(await (await take()).file.text()).toBe('a,b\n');
    expect(stepUp).toHaveBeenCalledWith({ act: 'audit.export', object: undefined, body: undefined, enrol: false });
  });
});

describe('a live change', () => {
  const key = reads.post('wsp_1', 'pst_1').queryKey;
  const stale = () => cache.getQueryState(key)?.isInvalidated;

  it('makes an older read stale', () => {
    cache.setQueryData(key, { id: 'pst_1', version: 3 });
    heard({ kind: 'post.changed', id: 'pst_1', version: 4, workspace: 'wsp_1' });
    expect(stale()).toBe(true);
  });
  it('leaves a read that is as new as the change', () => {
    cache.setQueryData(key, { id: 'pst_1', version: 5 });
    heard({ kind: 'post.changed', id: 'pst_1', version: 5, workspace: 'wsp_1' });
    expect(stale()).toBe(false);
  });
  it('stays in its workspace', () => {
    cache.setQueryData(key, { id: 'pst_1', version: 3 });
    heard({ kind: 'post.changed', id: 'pst_1', version: 9, workspace: 'wsp_2' });
    expect(stale()).toBe(false);
  });
  it('of a delivery touches its post', () => {
    cache.setQueryData(key, { id: 'pst_1', version: 3 });
    heard({ kind: 'delivery.published', id: 'dlv_1', post: 'pst_1', version: 7, workspace: 'wsp_1' });
    expect(stale()).toBe(true);
  });
});
