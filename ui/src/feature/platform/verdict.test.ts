import { beforeAll, describe, expect, it } from 'vitest';
import type { AppTest } from '../../api/types';
import { speak, speakAbove } from '../../words/words.svelte';
import { advice, checks } from './verdict';

const addresses: AppTest['address'][] = ['reached', 'not_reached', 'not_https', 'not_set'];
const verdicts: AppTest['credentials'][] = ['accepted', 'secret_refused', 'callback_refused', 'untold', 'unreachable'];
const all = addresses.flatMap((address) =>
  verdicts.map((credentials): AppTest => ({ at: '2026-11-24T09:06:00Z', took_ms: 900, address, credentials })),
);

beforeAll(async () => {
  await speak('en');
  await speakAbove();
});

describe('a test of an app', () => {
  it.each(all)('says in words what $address with $credentials means', (test) => {
    for (const text of [...checks(test, 'X').flatMap((one) => [one.title, one.text]), ...advice(test, 'X')])
      expect(text).not.toMatch(/^apps\./);
    expect(advice(test, 'X').length > 0).toBe(test.address !== 'reached' || test.credentials !== 'accepted');
  });
  it('names a wrong secret and a wrong callback address differently', () => {
    const of = (credentials: AppTest['credentials']) => {
      const test = all.find((one) => one.address === 'reached' && one.credentials === credentials)!;
      return [...checks(test, 'X').map((one) => one.title), ...advice(test, 'X')].join(' ');
    };
    expect(of('secret_refused')).toMatch(/secret/);
    expect(of('callback_refused')).toMatch(/callback address/);
    expect(of('callback_refused')).not.toMatch(/secret/);
  });
  it('says no two outcomes alike', () => {
    const said = all.map((test) => JSON.stringify([checks(test, 'X'), advice(test, 'X')]));
    expect(new Set(said).size).toBe(said.length);
  });
  it('tells somebody whose address no platform takes to change that first', () => {
    const test = all.find((one) => one.address === 'not_https' && one.credentials === 'callback_refused')!;
    expect(advice(test, 'X')).toEqual([expect.stringMatching(/public_url/)]);
  });
  it("quotes the platform's words", () => {
    const test: AppTest = { ...all[1]!, words: 'Error validating client secret.' };
    expect(checks(test, 'X')[1]).toMatchObject({ text: 'Error validating client secret.', quoted: true });
    const taken: AppTest = { ...all[0]!, words: 'The code is not good.' };
    expect(checks(taken, 'X')[1]).toMatchObject({ sort: 'good', quoted: false });
  });
});
