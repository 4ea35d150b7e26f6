/** The course of a delivery as lines to read: when it was due, each attempt, its steps, how it ended. */
import type { Delivery } from '../../api/types';
import { duration } from '../../words/dates';
import { maybe, t } from '../../words/words.svelte';

export type Node = 'due' | 'claimed' | 'done' | 'sent' | 'waiting' | 'bad' | 'question' | 'published' | 'next';

export interface Line {
  at?: string | undefined;
  node: Node;
  title: string;
  text?: string | undefined;
  raw?: string | undefined;
  took?: string | undefined;
}

export interface Round {
  n: number;
  at: string;
  class: string | undefined;
  lines: Line[];
}

/** The attempts, oldest first. */
export function rounds(delivery: Delivery): Round[] {
  const attempts = delivery.attempts ?? [];
  return attempts.map((attempt, i) => {
    const last = i === attempts.length - 1;
    const lines: Line[] = [
      {
        at: attempt.started_at,
        node: 'claimed',
        title: t('line.claimed'),
        text: attempt.lateness_ms === undefined ? undefined : late(attempt.lateness_ms),
      },
    ];
    if (last) lines.push(...steps(delivery));
    const end = ending(attempt.class, last, delivery, attempt.step);
    if (attempt.ended_at && end) {
      lines.push({
        at: attempt.ended_at,
        ...end,
        raw: attempt.message ? [attempt.status_code, attempt.message].filter(Boolean).join(' ') : undefined,
        took: took(attempt.started_at, attempt.ended_at),
      });
    }
    return { n: i + 1, at: attempt.started_at, class: attempt.class || undefined, lines };
  });
}

function steps(delivery: Delivery): Line[] {
  const all = delivery.steps ?? [];
  return all
    .filter((step) => step.done)
    .map((step) => {
      const n = all.indexOf(step) + 1;
      const commit = n === all.length;
      return {
        node: commit ? ('sent' as const) : ('done' as const),
        title: t('line.step', { n, of: all.length, name: stepName(step.name) }),
        text: commit ? t('line.intent') : undefined,
      };
    });
}

/** "upload.0" is "upload 1"; known names are told in words. */
export function stepName(name: string): string {
  const [base = name, n] = name.split('.');
  const words = maybe(`step.${base}`) ?? base.replaceAll('_', ' ');
  return n === undefined ? words : `${words} ${Number(n) + 1}`;
}

function ending(
  kind: string | undefined,
  last: boolean,
  delivery: Delivery,
  step: string | undefined,
): { node: Node; title: string; text?: string } | undefined {
  if (last && delivery.status === 'published') {
    return { node: 'published', title: t('line.published') };
  }
  if (!kind || kind === 'published' || kind === 'ok') return undefined;
  const where = step ? t('line.inStep', { name: stepName(step) }) : undefined;
  return {
    node: kind === 'uncertain' ? 'question' : kind === 'processing' ? 'waiting' : 'bad',
    title: maybe(`class.${kind}`) ?? kind,
    ...(where ? { text: where } : {}),
  };
}

/** "0.4 s late", or on time. */
export function late(ms: number): string {
  return ms < 50 ? t('line.onTime') : t('line.late', { span: duration(ms) });
}

function took(from: string, to: string): string | undefined {
  const ms = new Date(to).getTime() - new Date(from).getTime();
  return ms > 0 ? duration(ms) : undefined;
}
