import { basename, dirname, relative, sep } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import type { Logger } from '../../../common/createLogger.ts';
import { segmentNumber } from '../playlist/streamFiles.ts';
import type { Spool } from './spool.ts';

/** `<stream id>/<run>/<token>-<n>/<file>` */
const FILE_PARTS = 4;

/**
 * Watches the spool's folders for final names that no living session of this process accounts for: one watcher per worker.
 * Its first scan reports what is there already. Folders are watched, not files, and none of an epoch of this process.
 */
export class SpoolWatch {
  readonly #spool: Pick<Spool, 'dir' | 'isLive'>;
  readonly #log: Logger;
  #watcher: FSWatcher | undefined;

  constructor(options: { spool: Pick<Spool, 'dir' | 'isLive'>; log: Logger }) {
    this.#spool = options.spool;
    this.#log = options.log;
  }

  /**
   * @param onFound called for each closed segment, with its epoch's folder relative to the spool
   * @param onScanned called when all that was there at the start has been reported
   */
  start(onFound: (origin: string) => void, onScanned: () => void): void {
    this.#watcher ??= watch(this.#spool.dir, {
      depth: FILE_PARTS - 1,
      followSymlinks: false,
      // A final name never changes, and is not written twice.
      atomic: false,
      ignored: path => !this.#isWanted(relative(this.#spool.dir, path)),
    })
      .on('add', path => onFound(dirname(relative(this.#spool.dir, path))))
      .on('ready', onScanned)
      .on('error', error => {
        this.#log.warn({ err: error }, 'a folder of spool not watched; its segments are found by the next sweep');
      });
  }

  /** Resolves when nothing is watched any more. May be called twice. */
  async stop(): Promise<void> {
    await this.#watcher?.close();
  }

  /** @param path relative to the spool */
  #isWanted(path: string): boolean {
    const parts = path.split(sep);
    if (parts.some(part => part.startsWith('.'))) return false;
    if (parts.length < FILE_PARTS - 1) return true;
    const origin = parts.slice(0, FILE_PARTS - 1).join(sep);
    if (origin.endsWith('.json') || this.#spool.isLive(origin)) return false;
    return parts.length < FILE_PARTS || segmentNumber(basename(path)) !== undefined;
  }
}
