import { basename, join } from 'node:path';
import type { Logger } from '../../../common/createLogger.ts';
import { holdFile } from '../../../common/heldFile.ts';
import type { UploadJob } from '../../../common/redis/queues.ts';
import { headers } from '../store/headers.ts';
import { StoreError } from '../store/storeError.ts';
import type { Uploads } from '../uploads/uploads.ts';
import type { EpochRecord } from './epochRecord.ts';
import type { Spool } from './spool.ts';
import { type Dropped, overBounds, type SpoolLimits } from './spoolBounds.ts';
import type { SpoolDrops } from './spoolDrops.ts';
import { readEpoch, type SpooledEpoch, spooledEpochs } from './spooledEpochs.ts';
import { SpoolWatch } from './spoolWatch.ts';

/** The bounds hold within this time, and a dead owner is noticed. */
const PERIOD_MS = 5_000;
/** An epoch whose files were written a moment ago stays: whatever wrote them may write more. */
const QUIET_MS = 3_000;

/**
 * Stores what dead owners left in the spool, and keeps the spool within its bounds. An epoch is dead when no stream of
 * this process works on it and its own process is gone (processLiveness.ts). The watcher's first scan is the first sweep. Later ones
 * follow when a final name appears that no living owner accounts for, when Redis or the store is back, when an epoch was left,
 * and every five seconds.
 */
export class SpoolSweeper {
  readonly #spool: Spool;
  readonly #uploads: Pick<Uploads, 'uploadOnce' | 'giveUp' | 'onBack'>;
  readonly #limits: SpoolLimits;
  readonly #drops: SpoolDrops;
  readonly #quietMs: number;
  readonly #periodMs: number;
  readonly #log: Logger;
  readonly #watch: SpoolWatch;
  readonly #stopping = new AbortController();
  /** Epochs that are being stored, by origin. */
  readonly #storing = new Map<string, Promise<void>>();
  /** Those of them in which a segment has appeared since. */
  readonly #foundLater = new Set<string>();
  /** Epochs that had a living owner at the last sweep, by origin. */
  #owned: ReadonlySet<string> = new Set();
  /** Epochs whose record does not parse, logged once. */
  readonly #unreadable = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;
  #again = false;

  constructor(options: {
    spool: Spool;
    uploads: Pick<Uploads, 'uploadOnce' | 'giveUp' | 'onBack'>;
    limits: SpoolLimits;
    drops: SpoolDrops;
    quietMs?: number;
    /** Default 5 s. */
    periodMs?: number;
    log: Logger;
  }) {
    this.#spool = options.spool;
    this.#uploads = options.uploads;
    this.#limits = options.limits;
    this.#drops = options.drops;
    this.#quietMs = options.quietMs ?? QUIET_MS;
    this.#periodMs = options.periodMs ?? PERIOD_MS;
    this.#log = options.log;
    this.#watch = new SpoolWatch(options);
    options.uploads.onBack(() => void this.sweep());
    options.spool.onLeft(() => void this.sweep());
  }

  start(): void {
    // At the end of the scan once more: for epochs without a segment, and for the bounds.
    this.#watch.start(
      origin => this.#found(origin),
      () => void this.sweep(),
    );
    this.#timer = setInterval(() => void this.sweep(), this.#periodMs);
  }

  /** Begins no further upload; what is queued stays queued. Resolves when nothing of the sweep is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#timer);
    await this.#watch.stop();
    await this.#sweeping;
    await Promise.all(this.#storing.values());
  }

  /** Sweeps once; one sweep at a time. Resolves when the uploads of what it found have begun. Never rejects. */
  sweep(): Promise<void> {
    if (this.#sweeping) this.#again = true;
    this.#sweeping ??= this.#sweepAll();
    return this.#sweeping;
  }

  /** A closed segment has appeared in an epoch that is not of this process. */
  #found(origin: string): void {
    if (this.#owned.has(origin)) return;
    // The upload that is under way may have read the folder before.
    if (this.#storing.has(origin)) this.#foundLater.add(origin);
    else void this.sweep();
  }

  async #sweepAll(): Promise<void> {
    do {
      this.#again = false;
      try {
        if (!this.#stopping.signal.aborted) await this.#look();
      } catch (error) {
        this.#log.warn({ err: error }, 'spool not swept; retry in 5 s');
      }
    } while (this.#again);
    // In the same step as the check above, or a call in between would be lost.
    this.#sweeping = undefined;
  }

  async #look(): Promise<void> {
    const epochs = await spooledEpochs(this.#spool.dir);
    // Asked after the epochs were read, or a process that has just started would be missing.
    const owners = await this.#spool.liveness.alive();
    const isLive = ({ origin, record }: SpooledEpoch): boolean =>
      record?.owner === this.#spool.liveness.own ? this.#spool.isLive(origin) : owners.has(record?.owner ?? '');
    this.#owned = new Set(epochs.filter(isLive).map(({ origin }) => origin));
    await this.#keepBounds(epochs, isLive);
    for (const epoch of epochs) if (!isLive(epoch)) this.#take(epoch);
    await this.#drops.flush();
  }

  async #keepBounds(epochs: readonly SpooledEpoch[], isLive: (epoch: SpooledEpoch) => boolean): Promise<void> {
    const disk = { freeBytes: await this.#spool.freeBytes(), now: Date.now() };
    for (const dropped of overBounds(epochs, isLive, this.#limits, disk)) await this.#drop(dropped);
  }

  async #drop({ epoch, file, bytes, reason }: Dropped): Promise<void> {
    epoch.closed = epoch.closed.filter(({ name }) => name !== basename(file));
    await this.#spool.removeFile(file);
    if (!epoch.record) return;
    const gone = Object.assign(new Error(`dropped from the spool: ${reason}`), { code: 'ENOENT' });
    this.#uploads.giveUp(jobOf(epoch.record, file), gone);
    this.#drops.add(epoch.origin, epoch.record, { file, bytes, reason });
  }

  #take(epoch: SpooledEpoch): void {
    if (this.#storing.has(epoch.origin)) return;
    const stored = this.#store(epoch)
      .catch(error =>
        this.#log.warn({ err: error, origin: epoch.origin }, 'segments of a dead owner not swept; retry in 5 s'),
      )
      .finally(() => {
        this.#storing.delete(epoch.origin);
        if (this.#foundLater.delete(epoch.origin)) void this.sweep();
      });
    this.#storing.set(epoch.origin, stored);
  }

  /** One process of the node at a time stores an epoch; the others retry later. */
  async #store({ origin }: SpooledEpoch): Promise<void> {
    const held = await holdFile(`${join(this.#spool.dir, origin)}.json`, false);
    if (!held) return;
    try {
      await this.#storeClosed(origin);
      // Read again under the lock: a segment that was closed during the uploads is not in the store.
      const now = await readEpoch(this.#spool.dir, origin);
      if (!now || now.closed.length > 0 || this.#stopping.signal.aborted) return;
      if (Date.now() - now.writtenAt <= this.#quietMs || this.#isUnreadable(now)) return;
      await this.#spool.removeEpoch(origin);
      const [streamId = '', run = ''] = origin.split('/');
      await this.#spool.removeEmpty(streamId, run);
      this.#log.info({ origin }, 'segments of a dead owner are all stored; their folder is removed');
    } finally {
      await held.release();
    }
  }

  /** Files whose record does not parse stay until they are too old: they may be another version's. */
  #isUnreadable({ origin, record, bytes, writtenAt }: SpooledEpoch): boolean {
    if (record || bytes === 0 || Date.now() - writtenAt > this.#limits.maxAgeMs) return false;
    if (!this.#unreadable.has(origin))
      this.#log.error({ origin, bytes }, 'the record of an epoch does not parse; its files stay in the spool');
    this.#unreadable.add(origin);
    return true;
  }

  /** Stores what is closed; each file goes when it is stored. */
  async #storeClosed(origin: string): Promise<void> {
    const { record, closed } = (await readEpoch(this.#spool.dir, origin)) ?? { closed: [] };
    if (!record || closed.length === 0) return;
    this.#log.info({ origin, segments: closed.length }, 'uploading segments of a dead owner');
    await Promise.all(closed.map(({ name, bytes }) => this.#storeFile(origin, record, join(origin, name), bytes)));
  }

  /** Removes the file unless it must be tried again. */
  async #storeFile(origin: string, record: EpochRecord, file: string, bytes: number): Promise<void> {
    const { signal } = this.#stopping;
    const outcome = await this.#uploads.uploadOnce(jobOf(record, file), { late: true, signal });
    if (outcome.kind === 'abandoned') return;
    if (outcome.kind === 'failed') {
      const { error } = outcome;
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      const taken = error instanceof StoreError && error.kind === 'precondition';
      this.#log.warn(
        { err: error, file },
        taken
          ? 'segment of a dead owner dropped: the store has other bytes under its name'
          : 'segment of a dead owner not stored; retry follows',
      );
      if (!taken) return;
      this.#drops.add(origin, record, { file, bytes, reason: 'name taken' });
    }
    await this.#spool.removeFile(file);
  }
}

function jobOf({ streamId, run }: EpochRecord, file: string): UploadJob {
  return { streamId, run, file, key: `${streamId}/${basename(file)}`, ...headers.segment };
}
