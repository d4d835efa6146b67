import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../../common/createLogger.ts';
import type { AppError } from '../../../common/errors.ts';
import type { SegmentEpoch } from '../../transcode/segmentSink.ts';
import { type SegmentInfo, segmentInfo } from '../media/segmentInfo.ts';
import { headers } from '../store/headers.ts';
import type { PersistentUploads } from './persistentUploads.ts';
import { type ClosedSegment, SegmentWatcher } from './segmentWatcher.ts';
import type { EpochRecord, Spool, SpoolEpoch } from './spool.ts';
import type { UploadOutcome } from './uploadWaiters.ts';

export interface EpochEvents {
  onClosed(segment: ClosedSegment): void;
  onOutcome(segment: ClosedSegment, outcome: UploadOutcome): void;
  /** What a rendition's first segment holds. */
  onInfo(rendition: number, info: SegmentInfo): void;
  /** FFmpeg is gone and its last segment was seen. */
  onEnd(): void;
  onFault(fault: AppError): void;
}

/** One FFmpeg process's segments, from its folder to the store. A file goes when it is stored, the folder with the last. */
export class EpochIntake implements SegmentEpoch {
  readonly dir: string;
  readonly firstNumber: number;
  readonly #origin: string;
  readonly #record: EpochRecord;
  readonly #spool: Spool;
  readonly #uploads: Pick<PersistentUploads, 'upload'>;
  readonly #events: EpochEvents;
  readonly #signal: AbortSignal;
  readonly #log: Logger;
  readonly #watcher: SegmentWatcher;
  /** By rendition, the look into its first segment. */
  readonly #inspections = new Map<number, Promise<void>>();
  readonly #tasks = new Set<Promise<void>>();
  #unstored = 0;
  #closing: Promise<void> | undefined;

  /** @param options.signal aborts when nobody waits for the uploads any more; what is queued stays queued */
  constructor(options: {
    epoch: SpoolEpoch;
    record: EpochRecord;
    spool: Spool;
    uploads: Pick<PersistentUploads, 'upload'>;
    events: EpochEvents;
    signal: AbortSignal;
    log: Logger;
  }) {
    this.dir = options.epoch.dir;
    this.#origin = options.epoch.origin;
    this.#record = options.record;
    this.firstNumber = options.record.firstNumber;
    this.#spool = options.spool;
    this.#uploads = options.uploads;
    this.#events = options.events;
    this.#signal = options.signal;
    this.#log = options.log;
    this.#watcher = new SegmentWatcher({
      dir: this.dir,
      stems: options.record.stems,
      firstNumber: this.firstNumber,
      freeBytes: () => this.#spool.freeBytes(),
      onSegment: segment => this.#take(segment),
      onFault: fault => this.#events.onFault(fault),
      log: options.log,
    });
  }

  start(): Promise<void> {
    return this.#watcher.start();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Resolves when no upload of the epoch is waited for and its folder, if all of it was stored, is gone. */
  async settled(): Promise<void> {
    await this.#closing;
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }

  async #close(): Promise<void> {
    await this.#watcher.close();
    this.#events.onEnd();
    this.#track(this.#tidy([...this.#tasks]));
  }

  #take(segment: ClosedSegment): void {
    if (this.#signal.aborted) return;
    this.#events.onClosed(segment);
    if (!this.#inspections.has(segment.rendition)) this.#inspections.set(segment.rendition, this.#inspect(segment));
    this.#track(this.#upload(segment));
  }

  #track(task: Promise<void>): void {
    this.#tasks.add(task);
    void task.finally(() => this.#tasks.delete(task));
  }

  async #upload(segment: ClosedSegment): Promise<void> {
    const { streamId, run } = this.#record;
    const job = { streamId, run, file: join(this.#origin, segment.file), key: `${streamId}/${segment.file}` };
    const outcome = await this.#uploads.upload({ ...job, ...headers.segment }, this.#signal);
    if (outcome.kind !== 'stored') this.#unstored += 1;
    this.#events.onOutcome(segment, outcome);
    if (outcome.kind !== 'stored') return;
    await this.#inspections.get(segment.rendition);
    await this.#remove(() => this.#spool.removeFile(job.file));
  }

  async #remove(remove: () => Promise<void>): Promise<void> {
    try {
      await remove();
    } catch (error) {
      this.#log.warn({ err: error }, 'not removed from the spool');
    }
  }

  async #inspect(segment: ClosedSegment): Promise<void> {
    try {
      const info = segmentInfo(await readFile(join(this.dir, segment.file)), segment.durationSeconds);
      this.#events.onInfo(segment.rendition, info);
    } catch (error) {
      this.#log.warn({ err: error, file: segment.file }, 'segment cannot be looked into');
      this.#events.onInfo(segment.rendition, { video: undefined, audio: undefined });
    }
  }

  async #tidy(tasks: readonly Promise<void>[]): Promise<void> {
    await Promise.all([...tasks, ...this.#inspections.values()]);
    // Released before its end: there may be files that were never queued. What stays is for the sweep.
    if (this.#unstored === 0 && !this.#signal.aborted) await this.#remove(() => this.#spool.removeEpoch(this.#origin));
    this.#spool.leaveEpoch(this.#origin);
  }
}
