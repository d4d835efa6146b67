import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../../common/createLogger.ts';
import type { AppError } from '../../../common/errors.ts';
import type { SegmentEpoch } from '../../transcode/segmentSink.ts';
import { type SegmentInfo, segmentInfo } from '../media/segmentInfo.ts';
import { type ClosedSegment, SegmentWatcher } from '../spool/segmentWatcher.ts';
import type { EpochRecord, Spool, SpoolEpoch } from '../spool/spool.ts';
import { headers } from '../store/headers.ts';
import type { PersistentUploads } from './persistentUploads.ts';
import type { UploadGate } from './uploadGate.ts';
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
export class EpochUploader implements SegmentEpoch {
  readonly dir: string;
  readonly firstNumber: number;
  readonly #origin: string;
  readonly #record: EpochRecord;
  readonly #spool: Spool;
  readonly #uploads: Pick<PersistentUploads, 'upload'>;
  readonly #events: EpochEvents;
  readonly #signal: AbortSignal;
  readonly #gate: Pick<UploadGate, 'pass'> | undefined;
  readonly #log: Logger;
  readonly #watcher: SegmentWatcher;
  /** By rendition, the look into its first segment. */
  readonly #inspections = new Map<number, Promise<SegmentInfo>>();
  /** By number, whether it is taken as an epoch's last: the same in all renditions. */
  readonly #last = new Map<number, Promise<boolean>>();
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
    gate?: Pick<UploadGate, 'pass'>;
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
    this.#gate = options.gate;
    this.#log = options.log;
    this.#watcher = new SegmentWatcher({
      dir: this.dir,
      stems: options.record.stems,
      firstNumber: this.firstNumber,
      freeBytes: () => this.#spool.freeBytes(),
      onSegment: segment => this.#take(segment),
      takesLast: segment => this.#takesLast(segment),
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
    if (!this.#inspections.has(segment.rendition))
      this.#inspections.set(segment.rendition, this.#inspectFirst(segment));
    this.#track(this.#upload(segment));
  }

  #track(task: Promise<void>): void {
    this.#tasks.add(task);
    void task.finally(() => this.#tasks.delete(task));
  }

  async #upload(segment: ClosedSegment): Promise<void> {
    const { streamId, run } = this.#record;
    const job = { streamId, run, file: join(this.#origin, segment.file), key: `${streamId}/${segment.file}` };
    await this.#gate?.pass();
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

  async #inspectFirst(segment: ClosedSegment): Promise<SegmentInfo> {
    const info = (await this.#inspect(segment)) ?? { video: undefined, audio: undefined };
    this.#events.onInfo(segment.rendition, info);
    return info;
  }

  async #inspect(segment: ClosedSegment): Promise<SegmentInfo | undefined> {
    try {
      return segmentInfo(await readFile(join(this.dir, segment.file)), segment.durationSeconds);
    } catch (error) {
      this.#log.warn({ err: error, file: segment.file }, 'segment cannot be looked into');
      return undefined;
    }
  }

  /** Of an input that broke off, a last segment may have some pictures without sound, or sound alone: players stall at it. */
  async #takesLast(segment: ClosedSegment): Promise<boolean> {
    const { number, file } = segment;
    const takes = this.#last.get(number) ?? this.#isLikeFirst(segment);
    this.#last.set(number, takes);
    if (await takes) return true;
    this.#log.info({ file }, 'last segment left out: it does not have all that the first one has');
    await this.#remove(() => this.#spool.removeFile(join(this.#origin, file)));
    return false;
  }

  async #isLikeFirst(segment: ClosedSegment): Promise<boolean> {
    const first = await this.#inspections.get(segment.rendition);
    if (!first) return true;
    const last = await this.#inspect(segment);
    // What cannot be looked into may be whole.
    if (!last) return true;
    return (last.video !== undefined || !first.video) && (last.audio !== undefined || !first.audio);
  }

  async #tidy(tasks: readonly Promise<void>[]): Promise<void> {
    await Promise.all([...tasks, ...this.#inspections.values()]);
    // Released before its end: there may be files that were never queued. What stays is for the sweep.
    if (this.#unstored === 0 && !this.#signal.aborted) await this.#remove(() => this.#spool.removeEpoch(this.#origin));
    this.#spool.leaveEpoch(this.#origin);
  }
}
