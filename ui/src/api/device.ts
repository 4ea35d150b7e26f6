/** What only this device has: drafts the server doesn't have yet, the last set of channels, the session's key. All of it goes at sign-out. */
const name = 'omniposto';
type Store = 'drafts' | 'kept';

let opened: Promise<IDBDatabase | undefined> | undefined;

function open(): Promise<IDBDatabase | undefined> {
  opened ??= new Promise((done) => {
    if (typeof indexedDB === 'undefined') return done(undefined);
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('drafts');
      request.result.createObjectStore('kept');
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => done(undefined);
    request.onblocked = () => done(undefined);
  });
  return opened;
}

async function run<T>(
  store: Store,
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T | undefined> {
  const db = await open();
  if (!db) return undefined;
  return new Promise((done) => {
    const transaction = db.transaction(store, mode);
    const request = act(transaction.objectStore(store));
    transaction.oncomplete = () => done(request.result);
    transaction.onerror = () => done(undefined);
    transaction.onabort = () => done(undefined);
  });
}

/** Small things by key; each call is undefined where the browser keeps nothing (private windows). */
export const device = {
  get: <T>(store: Store, key: string) => run<T>(store, 'readonly', (s) => s.get(key) as IDBRequest<T>),
  keys: (store: Store) => run<IDBValidKey[]>(store, 'readonly', (s) => s.getAllKeys()),
  put: (store: Store, key: string, value: unknown) => run(store, 'readwrite', (s) => s.put(value, key)),
  drop: (store: Store, key: string) => run(store, 'readwrite', (s) => s.delete(key) as IDBRequest<undefined>),
  async clear(): Promise<void> {
    await run('drafts', 'readwrite', (s) => s.clear() as IDBRequest<undefined>);
    await run('kept', 'readwrite', (s) => s.clear() as IDBRequest<undefined>);
  },
};
