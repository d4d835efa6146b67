import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, rmdir, statfs, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { AppError } from '../../../common/errors.ts';
import { ProcessLiveness } from '../../claim/processLiveness.ts';
import type { EpochRecord } from './epochRecord.ts';
import { FileBodies } from './fileBodies.ts';

const NODE_FILE = '.node';

export interface SpoolEpoch {
  dir: string;
  /** The folder relative to the spool: unique for ever, so it says where an object's bytes came from. */
  origin: string;
}

/** What the publisher of an epoch hears of it. */
export interface EpochWatch {
  /** Closed segments were removed before they were stored: how many and why, as a sentence. */
  onDropped(update: string): void;
}

/** The host's folder of segments that are not in the store yet: `<spool>/<stream id>/<run>/<token>-<n>/`. */
export class Spool {
  readonly dir: string;
  readonly liveness: ProcessLiveness;
  readonly #node: string;
  readonly #bodies = new FileBodies();
  /** Epochs that a publisher of this process works on, by origin. */
  readonly #live = new Map<string, EpochWatch | undefined>();
  readonly #listeners = new Set<() => void>();

  constructor(dir: string, node: string) {
    this.dir = resolve(dir);
    this.liveness = new ProcessLiveness(this.dir);
    this.#node = node;
  }

  /** Takes the folder for this node. Throws `config_invalid` when it is another's: its files would never be uploaded. */
  async claim(): Promise<void> {
    await mkdir(this.dir, { recursive: true });
    const file = join(this.dir, NODE_FILE);
    const draft = `${file}-${randomBytes(6).toString('hex')}`;
    await writeFile(draft, `${this.#node}\n`);
    try {
      // A link appears whole, or not at all when another worker was quicker.
      await link(draft, file);
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    } finally {
      await rm(draft, { force: true });
    }
    const owner = (await readFile(file, 'utf8')).trim();
    if (owner === this.#node) return;
    throw new AppError(
      'config_invalid',
      `SPOOL_DIR ${this.dir} belongs to node "${owner}", not to "${this.#node}": give each node a spool of its own, or the same NODE_ID to all workers of one host`,
    );
  }

  /** A new, empty folder. `n` counts the owner's epochs. It is the caller's until leaveEpoch(). */
  async createEpoch(n: number, epoch: EpochRecord, watch?: EpochWatch): Promise<SpoolEpoch> {
    const origin = join(epoch.streamId, epoch.run, `${epoch.token}-${n}`);
    const dir = join(this.dir, origin);
    this.#live.set(origin, watch);
    try {
      await retryMissing(async () => {
        await mkdir(dirname(dir), { recursive: true });
        // Before its folder: so no file is ever without a record.
        await writeFile(`${dir}.json`, JSON.stringify({ ...epoch, owner: this.liveness.own } satisfies EpochRecord));
        await mkdir(dir);
      });
    } catch (error) {
      this.leaveEpoch(origin);
      throw error;
    }
    return { dir, origin };
  }

  /** Nobody works on the epoch any more: what it still holds is for the sweep. May be called twice. */
  leaveEpoch(origin: string): void {
    if (!this.#live.delete(origin)) return;
    for (const listener of this.#listeners) listener();
  }

  /** Calls back when an epoch was left. */
  onLeft(listener: () => void): void {
    this.#listeners.add(listener);
  }

  isLive(origin: string): boolean {
    return this.#live.has(origin);
  }

  /** Tells the publisher of an epoch that segments of it were dropped; false when none in this process works on it. */
  tellDropped(origin: string, update: string): boolean {
    const watch = this.#live.get(origin);
    watch?.onDropped(update);
    return watch !== undefined;
  }

  /** Calls `use` with a file's bytes, which are valid until it settles. Throws the file's error (ENOENT, …). */
  withBody<Result>(file: string, use: (body: Buffer) => Promise<Result>): Promise<Result> {
    return this.#bodies.with(this.path(file), use);
  }

  /** Removes a file that is in the store. One that is gone already is no error. */
  async removeFile(file: string): Promise<void> {
    try {
      // Not rm: that looks at the file first, and the event loop waits for it.
      await unlink(this.path(file));
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error;
    }
  }

  /** Removes an epoch with all its files. */
  async removeEpoch(origin: string): Promise<void> {
    await rm(join(this.dir, origin), { recursive: true, force: true });
    await rm(`${join(this.dir, origin)}.json`, { force: true });
  }

  /** Removes the run's and the stream's folder unless something in them still waits for its upload. */
  async removeEmpty(streamId: string, run: string): Promise<void> {
    for (const dir of [join(this.dir, streamId, run), join(this.dir, streamId)]) {
      try {
        await rmdir(dir);
      } catch (error) {
        if (!isCode(error, 'ENOENT')) return;
      }
    }
  }

  /** The absolute path of a file of the spool. Throws when it would lie outside. */
  path(file: string): string {
    const path = resolve(this.dir, file);
    const inside = relative(this.dir, path);
    if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`))
      throw new Error(`"${file}" is not in the spool`);
    return path;
  }

  /** Bytes that can still be written. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.dir);
    return bavail * bsize;
  }
}

const isCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException | null)?.code === code;

/** A parent folder that was removed as empty between two steps of mkdir is made again. */
async function retryMissing<Result>(make: () => Promise<Result>): Promise<Result> {
  try {
    return await make();
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
    return make();
  }
}
