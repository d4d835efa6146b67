import { join } from 'node:path';
import type { Logger } from '../../../common/createLogger.ts';
import type { AppError } from '../../../common/errors.ts';
import type { Segment } from '../../segment/segment.ts';
import type { EpochParts, SegmentEpoch } from '../../segment/segmentEpoch.ts';
import type { SegmentTimes } from '../../segment/segmentTimes.ts';
import { segmentFile } from '../playlist/streamFiles.ts';
import { headers } from '../store/headers.ts';
import type { UploadGate } from '../uploadGate.ts';
import type { UploadOutcome } from '../uploads/uploadOutcome.ts';
import type { Uploads } from '../uploads/uploads.ts';
import type { ClosedSegment } from './closedSegment.ts';
import type { EpochRecord } from './epochRecord.ts';
import type { Spool } from './spool.ts';
import { readEpoch } from './spooledEpochs.ts';

export interface EpochEvents {
  onClosed(segment: ClosedSegment): void;
  onOutcome(segment: ClosedSegment, outcome: UploadOutcome): void;
  /** The last segment was removed, though viewers may have its parts. */
  onLeftOut(segment: ClosedSegment): void;
  /** A segment could not be written. */
  onFault(fault: AppError): void;
  /** No more segments come. */
  onEnd(): void;
}

/**
 * An epoch of this process: its segments are handed in here, closed. A file is removed when it is stored,
 * the folder with the last one. What is left at the end is the sweep's.
 */
export class LiveEpoch implements SegmentEpoch {
  readonly dir: string;
  readonly parts: EpochParts | undefined;
  readonly #record: EpochRecord;
  readonly #origin: string;
  readonly #spool: Spool;
  readonly #uploads: Pick<Uploads, 'upload'>;
  readonly #events: EpochEvents;
  readonly #signal: AbortSignal;
  readonly #gate: Pick<UploadGate, 'pass'> | undefined;
  readonly #log: Logger;
  readonly #tasks = new Set<Promise<void>>();
  #ended = false;

  /** @param options.signal aborts when the uploads are not waited for any more; what is queued stays queued */
  constructor(options: {
    epoch: { dir: string; origin: string };
    record: EpochRecord;
    spool: Spool;
    uploads: Pick<Uploads, 'upload'>;
    events: EpochEvents;
    signal: AbortSignal;
    gate?: Pick<UploadGate, 'pass'>;
    parts?: EpochParts | undefined;
    log: Logger;
  }) {
    this.dir = options.epoch.dir;
    this.parts = options.parts;
    this.#record = options.record;
    this.#origin = options.epoch.origin;
    this.#spool = options.spool;
    this.#uploads = options.uploads;
    this.#events = options.events;
    this.#signal = options.signal;
    this.#gate = options.gate;
    this.#log = options.log;
  }

  get firstNumber(): number {
    return this.#record.firstNumber;
  }

  fileOf(rendition: number, number: number): string {
    return segmentFile(this.#record.stems[rendition] ?? this.#record.streamId, number);
  }

  closed(rendition: number, made: Segment, times?: SegmentTimes): void {
    if (this.#signal.aborted) return;
    const segment = { ...this.#describe(rendition, made), times };
    this.#events.onClosed(segment);
    this.#track(this.#upload(segment));
  }

  async leaveOut(rendition: number, closed: Segment): Promise<void> {
    const segment = this.#describe(rendition, closed);
    await this.discard(segment.file);
    if (this.parts !== undefined && !this.#signal.aborted) this.#events.onLeftOut(segment);
  }

  failed(fault: AppError): void {
    this.#events.onFault(fault);
  }

  /** Removes a file that is no segment. */
  async discard(file: string): Promise<void> {
    await this.#remove(() => this.#spool.removeFile(join(this.#origin, file)));
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#track(this.#tidy([...this.#tasks]));
    // After it is tracked: the end waits for what is tracked by then.
    this.#events.onEnd();
  }

  /** Resolves when all uploads have an outcome and, after close(), the folder is removed or left to the sweep. */
  async settled(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }

  #describe(
    rendition: number,
    { number, seconds, bytes, discontinuity, video, audio, keySeconds }: Segment,
  ): ClosedSegment {
    return {
      ...{ rendition, number, file: this.fileOf(rendition, number), bytes, durationSeconds: seconds },
      ...{ closedAt: Date.now(), discontinuity: discontinuity !== undefined, info: { video, audio }, keySeconds },
    };
  }

  #track(task: Promise<void>): void {
    this.#tasks.add(task);
    void task.finally(() => this.#tasks.delete(task));
  }

  async #upload(segment: ClosedSegment): Promise<void> {
    const { streamId, run } = this.#record;
    const file = join(this.#origin, segment.file);
    await this.#gate?.pass();
    const job = { streamId, run, file, key: `${streamId}/${segment.file}`, ...headers.segment };
    const outcome = await this.#uploads.upload(job, this.#signal);
    this.#events.onOutcome(segment, outcome);
    if (outcome.kind !== 'stored') return;
    await this.discard(segment.file);
  }

  async #tidy(uploads: readonly Promise<void>[]): Promise<void> {
    await Promise.all(uploads);
    // What is closed and still there was not stored, or never handed in: the sweep uploads it.
    await this.#remove(async () => {
      const now = await readEpoch(this.#spool.dir, this.#origin);
      if (now?.closed.length === 0 && !this.#signal.aborted) await this.#spool.removeEpoch(this.#origin);
    });
    this.#spool.leaveEpoch(this.#origin);
  }

  async #remove(remove: () => Promise<void>): Promise<void> {
    try {
      await remove();
    } catch (error) {
      this.#log.warn({ err: error }, 'file not removed from the spool; a later sweep removes it');
    }
  }
}
