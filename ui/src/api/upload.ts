/** Uploads with progress. Small files go in one request; larger ones in pieces that survive a broken connection. */
import { call, newKey } from './client';
import { Problem } from './problem';
import type { Asset } from './types';

const piece = 5 * 1024 * 1024;
const tries = 5;

export interface Progress {
  (sent: number, total: number): void;
}

/** Sends a file into the workspace's media and gives back the asset. */
export async function upload(workspace: string, file: File, progress: Progress, signal?: AbortSignal): Promise<Asset> {
  return file.size <= piece ? whole(workspace, file, progress, signal) : inPieces(workspace, file, progress, signal);
}

async function whole(workspace: string, file: File, progress: Progress, signal?: AbortSignal): Promise<Asset> {
  const form = new FormData();
  form.append('file', file, file.name);
  const headers = { 'Idempotency-Key': newKey() };
  const sent = await send(
    'POST',
    `/api/v1/workspaces/${workspace}/media`,
    form,
    headers,
    (n) => progress(Math.min(n, file.size), file.size),
    signal,
  );
  return sent.body as Asset;
}

async function inPieces(workspace: string, file: File, progress: Progress, signal?: AbortSignal): Promise<Asset> {
  const begin = await send(
    'POST',
    `/api/v1/workspaces/${workspace}/uploads`,
    JSON.stringify({ name: file.name, bytes: file.size }),
    { 'Content-Type': 'application/json', 'Idempotency-Key': newKey() },
    () => undefined,
    signal,
  );
  const { id } = begin.body as { id: string };
  const path = `/api/v1/workspaces/${workspace}/uploads/${id}`;
  let offset = 0;
  for (let failed = 0; ;) {
    try {
      const part = file.slice(offset, offset + piece);
      const answer = await send(
        'PATCH',
        path,
        part,
        { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(offset) },
        (n) => progress(Math.min(offset + n, file.size), file.size),
        signal,
      );
      failed = 0;
      const upload = answer.body as { offset: number; asset: Asset };
      offset = upload.offset;
      if (offset >= file.size) return upload.asset;
    } catch (error) {
      const problem = Problem.of(error);
      if (
        signal?.aborted ||
        ++failed > tries ||
        (problem.status >= 400 && problem.status < 500 && problem.status !== 409)
      )
        throw problem;
      await new Promise((done) => setTimeout(done, 500 * 2 ** failed));
      offset = await where(path, offset);
    }
  }
}

/** Where the server stands after a break; our own count when it can't be asked. */
async function where(path: string, offset: number): Promise<number> {
  const answer = await fetch(path, { credentials: 'same-origin' }).catch(() => undefined);
  const told = answer?.ok ? ((await answer.json()) as { offset?: number }).offset : undefined;
  return told ?? offset;
}

interface Sent {
  body: unknown;
}

/** fetch knows no upload progress; XMLHttpRequest does. */
function send(
  method: string,
  url: string,
  body: XMLHttpRequestBodyInit,
  headers: Record<string, string>,
  progress: (sent: number) => void,
  signal?: AbortSignal,
): Promise<Sent> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener('progress', (event) => progress(event.loaded));
    request.addEventListener('load', () => {
      const answer = parse(request.responseText);
      if (request.status >= 200 && request.status < 300) done({ body: answer });
      else fail(Problem.from(request.status, answer));
    });
    request.addEventListener('error', () => fail(Problem.offline()));
    request.addEventListener('abort', () => fail(new DOMException('aborted', 'AbortError')));
    signal?.addEventListener('abort', () => request.abort());
    request.send(body);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads an asset again and again until it is looked at (ready or refused). */
export async function settled(workspace: string, asset: Asset, signal?: AbortSignal): Promise<Asset> {
  let now = asset;
  for (let wait = 300; now.state === 'checking' || now.state === 'uploading'; wait = Math.min(wait * 1.5, 3000)) {
    await new Promise((done) => setTimeout(done, wait));
    if (signal?.aborted) return now;
    now = await call('GET /workspaces/{workspace}/media/{asset}', { path: { workspace, asset: asset.id }, signal });
  }
  return now;
}
