/** What can be done with a channel. */
import { cache, reads } from '../../api/cache';
import { call } from '../../api/client';
import { Problem } from '../../api/problem';
import type { Channel, Slot } from '../../api/types';
import { say, toast } from '../../kit/toasts.svelte';

const path = (workspace: string, channel: Channel) => ({ workspace, channel: channel.id });

/** Puts a channel's new state where lists read it. */
export function keep(workspace: string, channel: Channel): void {
  cache.setQueryData<Channel[]>(reads.channels(workspace).queryKey, (list) =>
    list?.some((one) => one.id === channel.id)
      ? list.map((one) => (one.id === channel.id ? channel : one))
      : [...(list ?? []), channel],
  );
  void cache.invalidateQueries({ queryKey: [workspace, 'home'] });
  void cache.invalidateQueries({ queryKey: [workspace, 'slots'] });
}

async function tell(workspace: string, run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    say(Problem.of(error).says, 'error');
    void cache.invalidateQueries({ queryKey: [workspace, 'channels'] });
    return false;
  }
}

/** Asks the platform whether the sign-in still works. */
export function check(workspace: string, channel: Channel): Promise<boolean> {
  return tell(workspace, async () => {
    const now = await call('POST /workspaces/{workspace}/channels/{channel}/check', {
      path: path(workspace, channel),
      version: channel.version,
    });
    keep(workspace, now);
    if (now.state === 'ready') toast('channel.works', { name: now.name });
    else say(now.problem ?? '', 'error');
  });
}

/** Stops or starts sending to the channel; posts wait meanwhile. */
export function pause(workspace: string, channel: Channel, paused: boolean): Promise<boolean> {
  return tell(workspace, async () => {
    const now = await call('PATCH /workspaces/{workspace}/channels/{channel}', {
      path: path(workspace, channel),
      version: channel.version,
      body: { paused },
    });
    keep(workspace, now);
    toast(
      paused ? 'channel.pausedNow' : 'channel.resumed',
      { name: now.name },
      () => void pause(workspace, now, !paused),
    );
  });
}

/** Changes name, weekly slots or the settings that posts begin with. */
export function change(
  workspace: string,
  channel: Channel,
  body: { name?: string; slots?: Slot[]; settings?: Record<string, unknown> },
): Promise<boolean> {
  return tell(workspace, async () => {
    keep(
      workspace,
      await call('PATCH /workspaces/{workspace}/channels/{channel}', {
        path: path(workspace, channel),
        version: channel.version,
        body,
      }),
    );
  });
}

/** Signs out at the platform and destroys the sign-in here. */
export function disconnect(workspace: string, channel: Channel): Promise<boolean> {
  return tell(workspace, async () => {
    await call('DELETE /workspaces/{workspace}/channels/{channel}', {
      path: path(workspace, channel),
      version: channel.version,
    });
    cache.setQueryData<Channel[]>(reads.channels(workspace).queryKey, (list) =>
      list?.filter((one) => one.id !== channel.id),
    );
    void cache.invalidateQueries({ queryKey: [workspace] });
    toast('channel.gone', { name: channel.name });
  });
}
