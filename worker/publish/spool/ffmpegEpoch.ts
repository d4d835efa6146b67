import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../../common/createLogger.ts';
import type { AppError } from '../../../common/errors.ts';
import type { SegmentEpoch } from '../../transcode/segmentSink.ts';
import { type SegmentInfo, segmentInfo } from '../media/segmentInfo.ts';
import type { ClosedSegment } from './closedSegment.ts';
import type { LiveEpoch } from './liveEpoch.ts';
import { SegmentWatcher } from './segmentWatcher.ts';

export interface FfmpegEpochEvents {
  /** What a rendition's first segment holds. */
  onInfo(rendition: number, info: SegmentInfo): void;
  /** FFmpeg is gone and its last segment was seen. */
  onEnd(): void;
  onFault(fault: AppError): void;
}

/** One FFmpeg process's segments: what its lists name is closed. */
export class FfmpegEpoch implements SegmentEpoch {
  readonly dir: string;
  readonly firstNumber: number;
  readonly #epoch: LiveEpoch;
  readonly #events: FfmpegEpochEvents;
  readonly #log: Logger;
  readonly #watcher: SegmentWatcher;
  /** By rendition, the look into its first segment. */
  readonly #inspections = new Map<number, Promise<SegmentInfo>>();
  /** By number, whether it is taken as an epoch's last: the same in all renditions. */
  readonly #last = new Map<number, Promise<boolean>>();
  #closing: Promise<void> | undefined;

  constructor(options: {
    epoch: LiveEpoch;
    freeBytes: () => Promise<number>;
    events: FfmpegEpochEvents;
    log: Logger;
  }) {
    this.dir = options.epoch.dir;
    this.firstNumber = options.epoch.record.firstNumber;
    this.#epoch = options.epoch;
    this.#events = options.events;
    this.#log = options.log;
    this.#watcher = new SegmentWatcher({
      dir: this.dir,
      stems: options.epoch.record.stems,
      firstNumber: this.firstNumber,
      freeBytes: options.freeBytes,
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

  /** Resolves when the epoch is closed and its uploads have an outcome. */
  async settled(): Promise<void> {
    await this.#closing;
    await this.#epoch.settled();
  }

  async #close(): Promise<void> {
    await this.#watcher.close();
    this.#epoch.end();
    this.#events.onEnd();
  }

  #take(segment: ClosedSegment): void {
    const { rendition } = segment;
    const inspection = this.#inspections.get(rendition) ?? this.#inspectFirst(segment);
    this.#inspections.set(rendition, inspection);
    this.#epoch.closed(segment, inspection);
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
      this.#log.warn({ err: error, file: segment.file }, 'segment cannot be parsed');
      return undefined;
    }
  }

  /** Where the input broke off, a last segment may have some pictures without sound, or sound alone: players stall at it. */
  async #takesLast(segment: ClosedSegment): Promise<boolean> {
    const { number, file } = segment;
    const takes = this.#last.get(number) ?? this.#isLikeFirst(segment);
    this.#last.set(number, takes);
    if (await takes) return true;
    this.#log.info({ file }, 'last segment left out: it does not have all that the first one has');
    await this.#epoch.discard(file);
    return false;
  }

  async #isLikeFirst(segment: ClosedSegment): Promise<boolean> {
    const first = await this.#inspections.get(segment.rendition);
    if (!first) return true;
    const last = await this.#inspect(segment);
    // What cannot be parsed may be whole.
    if (!last) return true;
    return (last.video !== undefined || !first.video) && (last.audio !== undefined || !first.audio);
  }
}
