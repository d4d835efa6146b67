import { join } from 'node:path';
import { AppError } from '../../common/errors.ts';
import { BlockPool } from './blockPool.ts';
import type { OpenSegment, Segment, SegmentSink } from './segment.ts';
import { SegmentFile } from './segmentFile.ts';
import { packetBytes } from './ts/tsPackets.ts';

/** A write's size: few system calls, and little held in memory. A whole number of packets. */
const blockBytes = 697 * packetBytes;
/** Above this, the input has to wait. */
const mostQueuedBytes = 4_000_000;

/**
 * Writes one rendition's segments into a folder. A file that has its final name is a closed segment; one that is being
 * written is `.<name>.part`. What cannot be written is reported and left out, the next segment is tried again.
 */
export class SegmentFiles implements SegmentSink {
  readonly #dir: string;
  readonly #nameOf: (number: number) => string;
  readonly #onClosed: (segment: Segment, file: string) => void;
  readonly #onFault: (fault: AppError, segment: Segment) => void;
  readonly #pool = new BlockPool(blockBytes);
  readonly #open = new Map<number, SegmentFile>();
  /** Files get their names in the order of their segments. */
  #chain: Promise<void> = Promise.resolve();
  #queued = 0;
  #room: PromiseWithResolvers<void> | undefined;

  /**
   * @param options.onClosed a segment is there as `file`, a name in the folder; in order, each once
   * @param options.onFault a segment could not be written (`storage_error`, its cause with the system's code) and is lost
   */
  constructor(options: {
    dir: string;
    nameOf: (number: number) => string;
    onClosed: (segment: Segment, file: string) => void;
    onFault: (fault: AppError, segment: Segment) => void;
  }) {
    this.#dir = options.dir;
    this.#nameOf = options.nameOf;
    this.#onClosed = options.onClosed;
    this.#onFault = options.onFault;
  }

  /** Undefined while the disk keeps up; else resolves when there is room: give the segmenter nothing before. */
  get room(): Promise<void> | undefined {
    return this.#room?.promise;
  }

  /** Resolves when everything closed so far has its name, or has failed. */
  settled(): Promise<void> {
    return this.#chain;
  }

  /** Removes what is not closed yet. Never rejects; may be called twice. */
  async abort(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(open.map(file => file.abort()));
    await this.#chain;
  }

  onOpen({ number }: OpenSegment): void {
    const path = join(this.#dir, this.#nameOf(number));
    this.#open.set(number, new SegmentFile(path, this.#pool, bytes => this.#written(bytes)));
  }

  onBytes({ number }: OpenSegment, packets: Buffer): void {
    const file = this.#open.get(number);
    if (file === undefined) return;
    this.#queued += packets.length;
    if (this.#queued > mostQueuedBytes) this.#room ??= Promise.withResolvers();
    file.add(packets);
  }

  onClose(segment: Segment): void {
    const file = this.#open.get(segment.number);
    this.#open.delete(segment.number);
    if (file === undefined) return;
    const finished = file.finish();
    this.#chain = this.#chain.then(() => this.#report(segment, finished));
    // Reported in its turn; until then it is no unhandled rejection.
    finished.catch(() => undefined);
  }

  async #report(segment: Segment, finished: Promise<void>): Promise<void> {
    const file = this.#nameOf(segment.number);
    try {
      await finished;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#onFault(new AppError('storage_error', `Segment ${file} cannot be written: ${why}`, { cause }), segment);
      return;
    }
    this.#onClosed(segment, file);
  }

  #written(bytes: number): void {
    this.#queued -= bytes;
    if (this.#queued > mostQueuedBytes / 2) return;
    this.#room?.resolve();
    this.#room = undefined;
  }
}
