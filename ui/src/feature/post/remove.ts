/** Deleting a post, and taking that back: it lies in the trash for two weeks. */
import { cache } from '../../api/cache';
import { call } from '../../api/client';
import { Problem } from '../../api/problem';
import { say, toast } from '../../kit/toasts.svelte';

/** Deletes a post; the toast can restore it. Throws what the server refused. */
export async function removePost(workspace: string, post: { id: string; version: number }): Promise<void> {
  await call('DELETE /workspaces/{workspace}/posts/{post}', {
    path: { workspace, post: post.id },
    version: post.version,
  });
  void cache.invalidateQueries({ queryKey: [workspace] });
  toast('post.removed', {}, () => void restore(workspace, post));
}

async function restore(workspace: string, post: { id: string; version: number }): Promise<void> {
  try {
    await call('POST /workspaces/{workspace}/posts/{post}/restore', {
      path: { workspace, post: post.id },
      version: post.version + 1,
    });
    void cache.invalidateQueries({ queryKey: [workspace] });
    toast('post.restored');
  } catch (error) {
    say(Problem.of(error).says, 'error');
  }
}
