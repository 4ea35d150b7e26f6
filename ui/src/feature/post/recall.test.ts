import { describe, expect, it } from 'vitest';
import type { DeliveryRow, Recalled } from '../../api/types';
import { channelsOut, renewed, statusOf, statusOfPost } from './recall';

const row = (channel: string, status: string, recalled_at?: string) =>
  ({ id: `dlv_${channel}`, channel, status, ...(recalled_at ? { recalled_at } : {}) }) as DeliveryRow;
const result = (delivery: string, outcome: string) => ({ delivery, channel: delivery, outcome }) as Recalled;

describe('what can be taken back', () => {
  it('is out and wasn’t taken back, each channel once', () => {
    const rows = [
      row('a', 'published'),
      row('a', 'published'),
      row('b', 'failed'),
      row('c', 'published', '2026-11-24'),
    ];
    expect(channelsOut(rows)).toEqual(['a']);
  });
  it('is shown as taken back afterwards', () => {
    expect(statusOf(row('c', 'published', '2026-11-24'))).toBe('recalled');
    expect(statusOf(row('c', 'published'))).toBe('published');
  });
  it('gives the post its word only once nothing of it is out', () => {
    const back = row('a', 'published', '2026-11-24');
    expect(statusOfPost('published', [back, row('b', 'cancelled')])).toBe('recalled');
    expect(statusOfPost('published', [back, row('b', 'published')])).toBe('published');
    expect(statusOfPost('cancelled', [row('b', 'cancelled')])).toBe('cancelled');
  });
});

describe('another try', () => {
  it('stands in place of the one before and leaves the others', () => {
    const before = [result('a', 'recalled'), result('b', 'failed')];
    expect(renewed(before, [result('b', 'recalled'), result('c', 'failed')]).map((one) => one.outcome)).toEqual([
      'recalled',
      'recalled',
      'failed',
    ]);
  });
});
