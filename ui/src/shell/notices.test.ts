import { describe, expect, it } from 'vitest';
import type { Channel, NoticeRow } from '../api/types';
import { hrefOf, sorted, unread } from './notices';

const at = '2026-11-24T08:00:00Z';
const notice = (kind: string, id: string, more: Partial<NoticeRow> = {}) => ({ kind, id, at, ...more }) as NoticeRow;
const channel = (id: string, state: string, access = {}) =>
  ({ id, state, access: { kind: 'token', ...access } }) as Channel;

describe('a notice', () => {
  it('leads to where it is solved', () => {
    expect(hrefOf('w', notice('delivery.failed', 'dlv_1', { post: 'pst_1' }))).toBe('/w/w/deliveries/dlv_1');
    expect(hrefOf('w', notice('channel.expiring', 'chn_1'))).toBe('/w/w/channels/chn_1');
    expect(hrefOf('w', notice('post.late', 'x', { post: 'pst_1' }))).toBe('/w/w/posts/pst_1');
  });
});

describe('the bell', () => {
  it('says each thing once, the newest, and not what stands above it', () => {
    const all = [
      notice('delivery.failed', 'dlv_1'),
      notice('delivery.missed', 'dlv_2', { words: 'newer' }),
      notice('delivery.failed', 'dlv_2', { words: 'older' }),
    ];
    const { needs, lately } = sorted('w', all, new Set(['dlv_1']), []);
    expect(needs).toEqual([]);
    expect(lately.map((one) => one.words)).toEqual(['newer']);
  });
  it('lets a channel need somebody only while that is true', () => {
    const all = ['lost', 'back', 'soon', 'renews', 'gone'].map((id) => notice('channel.lost', id));
    const ends = { ends_at: at, days_left: 6 };
    const { needs, lately } = sorted('w', all, new Set(), [
      channel('lost', 'reconnect'),
      channel('back', 'ready'),
      channel('soon', 'ready', ends),
      channel('renews', 'ready', { ...ends, renews_at: at }),
    ]);
    expect(needs.map((one) => one.id)).toEqual(['lost', 'soon']);
    expect(lately.map((one) => one.id)).toEqual(['back', 'renews', 'gone']);
  });
  it('counts what came after the last look on this device', () => {
    const all = [notice('a.b', '1', { at: '2026-11-24T09:00:00Z' }), notice('a.b', '2')];
    expect([unread(all, undefined), unread(all, at), unread(all, '2026-11-24T10:00:00Z')]).toEqual([2, 1, 0]);
  });
});
