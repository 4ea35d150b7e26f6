import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { speak } from '../../../words/words.svelte';
import { Found, pause, type Question } from './found.svelte';

const question = (query: string, siblings: string[] = []): Question => ({
  workspace: 'wsp_1',
  channel: 'chn_1',
  what: 'boards',
  query,
  siblings,
});
let asked: URL[];
let answer: () => Response;
const found = (...labels: string[]) => Response.json({ items: labels.map((label, i) => ({ id: String(i), label })) });

beforeEach(async () => {
  await speak('en');
  vi.useFakeTimers();
  asked = [];
  answer = () => found('Winter');
  vi.stubGlobal('fetch', (request: Request) => {
    asked.push(new URL(request.url));
    return Promise.resolve(answer());
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
const settle = (ms = pause) => vi.advanceTimersByTimeAsync(ms);

describe('a look-up', () => {
  it('lists what there is at once, and asks for words only after a pause', async () => {
    const one = new Found();
    one.ask(question(''));
    await settle(1);
    expect(one.options.map((option) => option.label)).toEqual(['Winter']);
    one.ask(question('w'));
    await settle(pause - 10);
    expect(asked).toHaveLength(1);
    await settle(20);
    expect(asked.map((url) => url.searchParams.get('query'))).toEqual([null, 'w']);
  });
  it('leaves out the letters that were typed through', async () => {
    const one = new Found();
    one.ask(question('w'))?.();
    one.ask(question('wi'))?.();
    one.ask(question('win'));
    await settle();
    expect(asked.map((url) => url.searchParams.get('query'))).toEqual(['win']);
  });
  it('tells what was chosen beside it, and asks again when that changes', async () => {
    const one = new Found();
    one.ask(question('', ['community=go', 'kind=link']));
    await settle();
    one.ask(question('', ['community=rust']));
    await settle();
    expect(asked.map((url) => url.searchParams.getAll('with'))).toEqual([
      ['community=go', 'kind=link'],
      ['community=rust'],
    ]);
  });
  it('isn’t asked twice for the same', async () => {
    const one = new Found();
    one.ask(question(''));
    await settle();
    one.ask(question(''));
    await settle();
    expect(asked).toHaveLength(1);
    expect(one.asking).toBe(false);
  });
  it('that fails says why in the server’s words, and is tried again', async () => {
    const one = new Found();
    answer = () => Response.json({ code: 'lookup_failed', detail: 'Pinterest is resting.' }, { status: 503 });
    one.ask(question(''));
    await settle();
    expect([one.failed, one.options]).toEqual(['Pinterest is resting.', []]);
    answer = () => found('Winter');
    one.ask(question(''));
    await settle();
    expect([one.failed, one.options.length]).toEqual([undefined, 1]);
  });
});
