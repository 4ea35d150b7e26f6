/**
 * The key that ties a session to this browser. It is made here and can't be read, not even by this page; it signs what the server
 * wants signed and goes at sign-out. A cookie that was copied into another browser lacks it.
 */
import { cache } from './cache';
import { call } from './client';
import { device } from './device';
import { session } from './session.svelte';
import type { Me } from './types';

interface Kept {
  id: string;
  key: CryptoKey;
}

const slot = 'device-key';
const lock = 'omniposto-device-key';
const curve = { name: 'ECDSA', namedCurve: 'P-256' };

/** Whether a session can be tied to this browser at all: that needs keys, a place for them, and https (or localhost). */
export const tiesHere = (): boolean =>
  globalThis.isSecureContext === true && !!globalThis.crypto?.subtle && !!globalThis.indexedDB && !!navigator.locks;

let tying: Promise<void> | undefined;

/** Ties the session that was just read: at once where an organization bars it until then, else when the page has time. */
export function tie(me: Me): Promise<void> {
  if (!tiesHere()) return Promise.resolve();
  const bars = !!me.barred?.some((one) => one.why === 'device');
  tying ??= (bars ? Promise.resolve() : idle()).then(enrol).then(async (device_key) => {
    if (!device_key) return; // this browser keeps nothing: not tried again on this page
    tying = undefined;
    if (bars) await session.load();
    else if (session.me) session.me = { ...session.me, device_key };
    await cache.invalidateQueries({ queryKey: ['me', 'sessions'] });
  });
  return tying;
}

const idle = () => new Promise<void>((done) => (globalThis.requestIdleCallback ?? setTimeout)(() => done()));

/**
 * Gives the session a key, where it has none, and tells its id. One tab does it, the others find it done. The key is kept before
 * the server hears of it: an answer that gets lost leaves no session whose key nobody has.
 */
async function enrol(): Promise<string | undefined> {
  return navigator.locks.request(lock, async () => {
    const me = await call('GET /session', { quiet: true });
    if (!me.tie_until) return me.device_key;
    const pair = await crypto.subtle.generateKey(curve, false, ['sign', 'verify']);
    const spki = await crypto.subtle.exportKey('spki', pair.publicKey);
    const id = base64url((await sha256(spki)).slice(0, 8));
    await device.put('kept', slot, { id, key: pair.privateKey });
    if ((await device.get<Kept>('kept', slot))?.id !== id) return undefined; // a private window may keep nothing
    return (await call('POST /session/device-key', { quiet: true, body: { public_key: base64url(spki) } })).id;
  });
}

/** The request with the signature of this browser's key over method, address, body and a nonce of the server; as it was without. */
export async function signed(request: Request): Promise<Request> {
  if (!tiesHere()) return request;
  // Shared: it waits for a tie under way, whose key is the one to sign with.
  const kept = await navigator.locks.request(lock, { mode: 'shared' }, () => device.get<Kept>('kept', slot));
  if (!kept) return request;
  const { nonce } = await call('GET /session/device-nonce', { quiet: true });
  const { pathname, search } = new URL(request.url);
  const body = base64url(await sha256(await request.clone().arrayBuffer()));
  const words = new TextEncoder().encode([request.method, pathname + search, body, nonce].join('\n'));
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, kept.key, words);
  request.headers.set('Device-Key-Id', kept.id);
  request.headers.set('Device-Nonce', nonce);
  request.headers.set('Device-Signature', base64url(signature));
  return request;
}

const sha256 = (bytes: ArrayBuffer) => crypto.subtle.digest('SHA-256', bytes);

function base64url(bytes: ArrayBuffer): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
