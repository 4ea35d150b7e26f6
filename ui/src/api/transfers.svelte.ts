/** Uploads under way: they outlive the page that began them, and the tray in the top bar shows them. */
import { cache } from './cache';
import { Problem } from './problem';
import type { Asset } from './types';

export interface Transfer {
  id: number;
  name: string;
  sent: number;
  total: number;
  error?: string;
}

class Transfers {
  all = $state<Transfer[]>([]);
  #next = 1;

  /** Uploads a file and waits until it was looked at; told is called with each step of the asset. */
  async send(
    workspace: string,
    file: File,
    told: (asset: Asset) => void,
    signal?: AbortSignal,
    progress?: (sent: number) => void,
  ): Promise<Asset> {
    this.all.push({ id: this.#next++, name: file.name, sent: 0, total: file.size });
    const row = this.all[this.all.length - 1]!;
    try {
      const { settled, upload } = await import('./upload');
      const report = (sent: number) => {
        row.sent = sent;
        progress?.(sent);
      };
      const asset = await upload(workspace, file, report, signal);
      told(asset);
      this.drop(row.id);
      const done = await settled(workspace, asset, signal);
      told(done);
      void cache.invalidateQueries({ queryKey: [workspace, 'media'] });
      return done;
    } catch (error) {
      if (error instanceof DOMException) this.drop(row.id);
      else row.error = Problem.of(error).says;
      throw error;
    }
  }

  /** Takes a row off the tray. */
  drop(id: number): void {
    this.all = this.all.filter((one) => one.id !== id);
  }
}

export const transfers = new Transfers();
