/** Moving a post to another time: shown at once, put back with the reason when the server refuses, and undone by a toast. */
import { cache, reads } from '../../api/cache';
import { call } from '../../api/client';
import { Problem } from '../../api/problem';
import type { CalendarRow, Post } from '../../api/types';
import { say, toast } from '../../kit/toasts.svelte';
import { momentLong } from '../../words/dates';
import { t } from '../../words/words.svelte';

function put(workspace: string, id: string, change: Partial<CalendarRow>): void {
  cache.setQueriesData<CalendarRow[]>({ queryKey: [workspace, 'calendar'] }, (rows) =>
    rows?.map((row) => (row.id === id ? { ...row, ...change } : row)),
  );
}

/** Gives a post another instant in the zone it was planned in. */
export async function move(workspace: string, row: CalendarRow, at: Date, zone: string, told = true): Promise<void> {
  const before = row.due_at;
  const iso = at.toISOString();
  if (!before || iso === new Date(before).toISOString()) return;
  put(workspace, row.id, { due_at: iso });
  try {
    const post: Post = await call('PATCH /workspaces/{workspace}/posts/{post}', {
      path: { workspace, post: row.id },
      version: row.version,
      body: { schedule: { at: iso, timezone: row.timezone ?? zone } },
    });
    put(workspace, row.id, { due_at: iso, version: post.version, status: post.status });
    cache.setQueryData(reads.post(workspace, row.id).queryKey, post);
    void cache.invalidateQueries({ queryKey: [workspace, 'home'] });
    if (told) {
      const back = { ...row, due_at: iso, version: post.version };
      toast(
        'calendar.moved',
        { time: momentLong(at, zone) },
        () => void move(workspace, back, new Date(before), zone, false),
      );
    }
  } catch (error) {
    put(workspace, row.id, { due_at: before });
    const problem = Problem.of(error);
    say(
      problem.status === 412 ? t('calendar.changed') : problem.status === 409 ? t('calendar.sending') : problem.says,
      'error',
    );
    void cache.invalidateQueries({ queryKey: [workspace, 'calendar'] });
  }
}
