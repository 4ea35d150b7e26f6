/**
 * Live changes. HTTP/1.1 gives a browser six connections a host, so one tab holds the stream (a Web Lock says which) and tells the
 * others by BroadcastChannel. Where locks don't exist (plain http) each tab polls. A broken stream falls back to polling too.
 */
export interface Change {
  kind: string;
  id: string;
  post?: string;
  version?: number;
  workspace: string;
  /** Where it concerns the organization as a whole. */
  organization?: string;
}

interface Hearing {
  change(change: Change): void;
  /** Nothing is live now: read again what is on the screen. */
  poll(): void;
}

const pollEvery = 20_000;

/** What to listen to: any of a workspace, an organization's own changes, a grant of staff. */
export interface Wish {
  workspace?: string | undefined;
  organization?: string | undefined;
  grant?: string | undefined;
}

/** Listens until the returned function is called. */
export function listen(wish: Wish, hearing: Hearing): () => void {
  const query = new URLSearchParams(Object.entries(wish).filter((one): one is [string, string] => !!one[1])).toString();
  const workspace = wish.workspace ?? '';
  const name = `omniposto-events-${query}`;
  const stop = new AbortController();
  const channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(name);
  let heardAt = 0;
  let stream: EventSource | undefined;

  const tell = (change: Change) => {
    heardAt = Date.now();
    if (change.kind !== 'alive') hearing.change(change);
  };
  channel?.addEventListener('message', (event: MessageEvent<Change>) => tell(event.data));

  const open = () => {
    stream = new EventSource(`/api/v1/events?${query}`);
    const alive = () => {
      const change = { kind: 'alive', id: '', workspace };
      tell(change);
      channel?.postMessage(change);
    };
    stream.addEventListener('open', alive);
    stream.addEventListener('change', (event: MessageEvent<string>) => {
      const change = read(event.data, workspace);
      if (!change) return;
      tell(change);
      channel?.postMessage(change);
    });
  };

  // A stream that the server refused is closed for good by the browser: opened again at the next beat.
  const beat = setInterval(() => {
    if (stream?.readyState === EventSource.OPEN) {
      heardAt = Date.now();
      channel?.postMessage({ kind: 'alive', id: '', workspace });
    } else if (stream?.readyState === EventSource.CLOSED) {
      open();
    }
    if (Date.now() - heardAt > pollEvery && document.visibilityState === 'visible') hearing.poll();
  }, pollEvery / 2);

  if (typeof EventSource !== 'undefined' && navigator.locks) {
    navigator.locks
      .request(name, { signal: stop.signal }, () => {
        open();
        return new Promise<void>((done) => stop.signal.addEventListener('abort', () => done()));
      })
      .catch(() => undefined);
  }

  return () => {
    stop.abort();
    stream?.close();
    channel?.close();
    clearInterval(beat);
  };
}

function read(text: string, workspace: string): Change | undefined {
  try {
    const change = JSON.parse(text) as Change;
    return typeof change.kind === 'string'
      ? { ...change, workspace: change.workspace || (change.organization ? '' : workspace) }
      : undefined;
  } catch {
    return undefined;
  }
}
