import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { call } from './client';
import { signed, tie } from './devicekey';
import { session } from './session.svelte';
import type { Me } from './types';

const drawer = vi.hoisted(() => new Map<string, unknown>());
vi.mock('./device', () => ({
  device: {
    get: async (_store: string, key: string) => drawer.get(key),
    put: async (_store: string, key: string, value: unknown) => void drawer.set(key, value),
  },
}));

const me = (more: object = {}) =>
  ({
    identity: { locale: '', hour_format: 'auto' },
    organizations: [],
    tie_until: '2026-11-24T10:10:00Z',
    ...more,
  }) as unknown as Me;
const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
const encode = (text: string) => new TextEncoder().encode(text);
const bytes = (text: string) =>
  Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
const base64url = (raw: ArrayBuffer) =>
  btoa(String.fromCharCode(...new Uint8Array(raw)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=/g, '');

/** A server that ties one key and wants an act signed. */
let told: string[] = [];
let acts: Request[] = [];
beforeEach(() => {
  drawer.clear();
  told = [];
  acts = [];
  vi.stubGlobal('isSecureContext', true);
  vi.stubGlobal('indexedDB', {});
  vi.stubGlobal('requestIdleCallback', (run: () => void) => run());
  let queue: Promise<unknown> = Promise.resolve();
  const locks = { request: (...all: unknown[]) => (queue = queue.then(all.at(-1) as () => unknown)) };
  vi.stubGlobal('navigator', { locks, onLine: true, languages: ['en'] });
  vi.stubGlobal('fetch', async (request: Request) => {
    const path = new URL(request.url).pathname.slice('/api/v1'.length);
    if (path === '/session')
      return json(200, told.length ? me({ tie_until: undefined, device_key: 'of the other tab' }) : me());
    if (path === '/session/device-nonce') return json(200, { nonce: 'nonce-1', until: '' });
    if (path === '/session/device-key') {
      told.push(((await request.json()) as { public_key: string }).public_key);
      return json(200, { id: 'key-1' });
    }
    acts.push(request.clone());
    return request.headers.has('Device-Signature') ? json(200, {}) : json(403, { code: 'device_signature_required' });
  });
});
afterEach(() => vi.unstubAllGlobals());

describe('a device key', () => {
  it('is made once for a session, and can’t be read', async () => {
    await Promise.all([tie(me()), tie(me())]);
    await tie(me());
    expect(told).toHaveLength(1);
    const { key } = drawer.get('device-key') as { key: CryptoKey };
    expect(key.extractable).toBe(false);
  });
  it('is shown by the session that it ties', async () => {
    session.me = me();
    await tie(me());
    expect(session.me.device_key).toBe('key-1');
  });
  it('signs method, address, body and nonce, each on a line', async () => {
    await tie(me());
    const body = JSON.stringify({ email: 'a@b.example' });
    const request = await signed(new Request('http://localhost/api/v1/x?dry_run=true', { method: 'POST', body }));
    const key = await crypto.subtle.importKey('spki', bytes(told[0]!), { name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'verify',
    ]);
    const sum = base64url(await crypto.subtle.digest('SHA-256', encode(body)));
    const words = encode(`POST\n/api/v1/x?dry_run=true\n${sum}\nnonce-1`);
    const signature = bytes(request.headers.get('Device-Signature')!);
    expect(signature).toHaveLength(64);
    expect(await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, words)).toBe(true);
    expect(request.headers.get('Device-Nonce')).toBe('nonce-1');
    const spki = await crypto.subtle.digest('SHA-256', bytes(told[0]!));
    expect(request.headers.get('Device-Key-Id')).toBe(base64url(spki.slice(0, 8)));
    expect(await request.text()).toBe(body);
  });
  it('comes where the server asks for it, and from then on at once', async () => {
    await tie(me());
    const end = () => call('DELETE /me/sessions/{session}', { path: { session: 'ses_1' } });
    await end();
    expect(acts.map((one) => one.headers.has('Device-Signature'))).toEqual([false, true]);
    await end();
    expect(acts).toHaveLength(3);
  });
  it('that isn’t here leaves the refusal as it is', async () => {
    const end = call('DELETE /me/passkeys/{passkey}', { path: { passkey: 'psk_1' } });
    await expect(end).rejects.toMatchObject({ code: 'device_signature_required' });
    expect(acts).toHaveLength(2);
  });
  it('isn’t made where it can’t be kept', async () => {
    vi.stubGlobal('indexedDB', undefined);
    await tie(me());
    expect(told).toEqual([]);
  });
});
