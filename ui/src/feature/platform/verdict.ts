/** What a test of an app found, in words: what was looked at, how it went, and what to do about it. */
import type { AppTest } from '../../api/types';
import { t } from '../../words/words.svelte';

type Sort = 'good' | 'bad' | 'unsure';

/** One thing that was looked at. */
export interface Check {
  sort: Sort;
  title: string;
  text: string;
  /** The text is the platform's own. */
  quoted?: boolean;
}

const addresses: Record<AppTest['address'], Sort> = {
  reached: 'good',
  not_reached: 'unsure',
  not_https: 'bad',
  not_set: 'unsure',
};
const verdicts: Record<AppTest['credentials'], Sort> = {
  accepted: 'good',
  secret_refused: 'bad',
  callback_refused: 'bad',
  untold: 'unsure',
  unreachable: 'unsure',
};

/** The checks of a test, in the order in which a sign-in would meet them. */
export function checks(test: AppTest, name: string): Check[] {
  // To a made-up code even a platform that takes the app says no: quoted, that would read as a failure.
  const words = test.credentials === 'accepted' ? '' : (test.words ?? '');
  return [
    {
      sort: addresses[test.address],
      title: t(`apps.address.${test.address}`),
      text: t(`apps.addressText.${test.address}`),
    },
    {
      sort: verdicts[test.credentials],
      title: t(`apps.verdict.${test.credentials}`, { name }),
      text: words || t(`apps.verdictText.${test.credentials}`, { name }),
      quoted: !!words,
    },
  ];
}

/** Likely cause and what to do, the one that helps most first; empty: nothing is to be done. */
export function advice(test: AppTest, name: string): string[] {
  // An address without https is why it is refused: registering it again would change nothing.
  if (test.credentials === 'callback_refused' && test.address === 'not_https')
    return [t('apps.do.callback_unfit', { name })];
  const said: string[] = [];
  if (test.credentials !== 'accepted') said.push(t(`apps.do.${test.credentials}`, { name }));
  if (test.address !== 'reached') said.push(t(`apps.do.${test.address}`, { name }));
  return said;
}
