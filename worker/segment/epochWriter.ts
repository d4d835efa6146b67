import type { Readable } from 'node:stream';
import { CutPlan } from './cutPlan.ts';
import type { EpochTiming } from './epochTiming.ts';
import { HeldParts } from './heldParts.ts';
import { PartCutter } from './partCutter.ts';
import { PartPlan } from './partPlan.ts';
import type { Segment, SegmentSink } from './segment.ts';
import type { SegmentEpoch } from './segmentEpoch.ts';
import { Segmenter } from './segmenter.ts';
import { SegmentFiles } from './segmentFiles.ts';
import { type SegmentTimes, segmentTimes } from './segmentTimes.ts';
import type { SourceFacts } from './sourceFacts.ts';
import { TimeShift } from './ts/timeShift.ts';

interface Rung {
  rendition: number;
  /** Undefined: the media has the encoder's own timestamps. */
  shift: TimeShift | undefined;
  segmenter: Segmenter;
  files: SegmentFiles;
  first: Segment | undefined;
  /** Number of the segment that ends where the input did; undefined before the end. */
  lastNumber: number | undefined;
  /** That segment, written and not handed in yet. */
  last: Segment | undefined;
  /** Undefined: no parts are made. */
  parts: HeldParts | undefined;
}

/**
 * Makes one epoch's segments: a segmenter and its files for each rendition, all with the same cuts. A last segment that
 * lacks sound or pictures is left out in all renditions, since players stop in front of it.
 */
export class EpochWriter {
  readonly #epoch: SegmentEpoch;
  readonly #rungs: readonly Rung[];
  readonly #accepts: ((facts: SourceFacts) => boolean) | undefined;
  /** Distance of key frames; undefined: the source's. */
  readonly #gopSeconds: number | undefined;
  readonly #timing: EpochTiming;
  #closing: Promise<void> | undefined;

  /**
   * @param options.renditions which renditions this epoch has
   * @param options.firstSeconds length of the first segment; all others have `segmentSeconds`, up to the next key frame
   * @param options.accepts judges what the first rendition has shown, at each of its segments; one that is refused before any was
   * handed in is left out, since a player could not begin with it. No parts are shown before the first one is accepted
   * @param options.gopSeconds the distance of key frames where it is known
   */
  constructor(options: {
    epoch: SegmentEpoch;
    renditions: readonly number[];
    segmentSeconds: number;
    firstSeconds: number;
    accepts?: (facts: SourceFacts) => boolean;
    gopSeconds?: number;
    timing?: EpochTiming;
  }) {
    const { epoch, renditions, segmentSeconds: targetSeconds, firstSeconds } = options;
    this.#epoch = epoch;
    this.#accepts = options.accepts;
    this.#gopSeconds = options.gopSeconds;
    this.#timing = options.timing ?? {};
    const { firstNumber } = epoch;
    const plan = new CutPlan({ firstNumber, targetSeconds, firstSeconds, rungs: renditions.length });
    this.#rungs = renditions.map(rendition => this.#rung(rendition, plan));
  }

  /** Segments a rendition's MPEG-TS until it ends. Rejects as the media does, and keeps what came. */
  async feed(place: number, media: Readable): Promise<void> {
    const rung = this.#at(place);
    try {
      for await (const chunk of media) {
        if (rung.shift) rung.shift.push(chunk as Buffer, bytes => rung.segmenter.push(bytes));
        else rung.segmenter.push(chunk as Buffer);
        if (rung.files.room !== undefined) await rung.files.room;
      }
    } finally {
      rung.lastNumber = -1;
      rung.segmenter.end();
    }
  }

  /** What the first rendition has shown so far. */
  get facts(): SourceFacts {
    return this.#at(0).segmenter.facts;
  }

  /**
   * All media has ended: hands the last segments in, and closes the epoch. Never rejects; may be called twice.
   * @param options.isMoved another owner makes the unfinished segment again: it is left out
   */
  close({ isMoved = false }: { isMoved?: boolean } = {}): Promise<void> {
    this.#closing ??= this.#close(isMoved);
    return this.#closing;
  }

  #at(place: number): Rung {
    const rung = this.#rungs[place];
    if (rung === undefined) throw new Error(`there is no rendition ${place} in this epoch`);
    return rung;
  }

  #rung(rendition: number, plan: CutPlan): Rung {
    const { dir } = this.#epoch;
    const files: SegmentFiles = new SegmentFiles({
      dir,
      nameOf: number => this.#epoch.fileOf(rendition, number),
      onClosed: segment => this.#written(rung, segment),
      onFault: fault => this.#epoch.failed(fault),
    });
    const sink: SegmentSink = {
      onOpen: segment => files.onOpen(segment),
      onBytes: (segment, packets) => files.onBytes(segment, packets),
      onClose: segment => {
        if (rung.lastNumber !== undefined) rung.lastNumber = segment.number;
        files.onClose(segment);
      },
    };
    const parts = this.#parts(rendition);
    const cutter = parts && this.#cutter(sink, parts, () => segmenter.writeTables());
    const { sourceStart, startPts, beginPts } = this.#timing;
    const segmenter: Segmenter = new Segmenter({ cuts: plan.rung(), sink: cutter ?? sink, beginPts });
    const rung: Rung = {
      ...{ rendition, segmenter, files, parts },
      shift: typeof sourceStart === 'number' ? new TimeShift(startPts) : undefined,
      ...{ first: undefined, lastNumber: undefined, last: undefined },
    };
    return rung;
  }

  #parts(rendition: number): HeldParts | undefined {
    const { parts } = this.#epoch;
    const held = parts && new HeldParts(parts.sinkOf(rendition));
    if (this.#accepts === undefined) held?.release(this.#epoch.firstNumber);
    return held;
  }

  #cutter(files: SegmentSink, parts: HeldParts, writeTables: () => void): PartCutter | undefined {
    const target = this.#epoch.parts?.target;
    const plan = target && new PartPlan({ target, gopSeconds: this.#gopSeconds });
    return plan && new PartCutter({ files, parts, plan, writeTables });
  }

  #written(rung: Rung, segment: Segment): void {
    const accepts = rung === this.#rungs[0] && this.#accepts;
    if (accepts && !accepts(rung.segmenter.facts) && rung.first === undefined) {
      void this.#epoch.discard(this.#epoch.fileOf(rung.rendition, segment.number));
      return;
    }
    rung.first ??= segment;
    if (segment.number === rung.lastNumber) rung.last = segment;
    else this.#handIn(rung, segment);
    if (rung === this.#rungs[0]) for (const { parts } of this.#rungs) parts?.release(segment.number);
  }

  #handIn(rung: Rung, segment: Segment): void {
    this.#epoch.closed(rung.rendition, segment, this.#timesOf(rung, segment));
  }

  #timesOf({ shift }: Rung, segment: Segment): SegmentTimes | undefined {
    const { sourceStart, isSteady = () => true } = this.#timing;
    if (sourceStart === 'own') return segmentTimes(segment, 0);
    if (sourceStart === undefined || shift?.firstPts === undefined || !isSteady()) return undefined;
    return segmentTimes(segment, sourceStart - shift.firstPts);
  }

  async #close(isMoved: boolean): Promise<void> {
    await Promise.all(this.#rungs.map(({ files }) => files.settled()));
    const number = Math.max(...this.#rungs.map(rung => rung.last?.number ?? -1));
    const isWhole = !isMoved && this.#rungs.every(({ first, last }) => last?.number === number && isLike(first, last));
    for (const rung of this.#rungs) {
      const { rendition, last } = rung;
      if (last === undefined) continue;
      if (isWhole || (!isMoved && last.number < number)) this.#handIn(rung, last);
      else await this.#epoch.leaveOut(rendition, last);
    }
    await this.#epoch.close();
  }
}

/** Whether it has sound and pictures, where the epoch's first one does. */
const isLike = (first: Segment | undefined, last: Segment): boolean =>
  ((last.startsWithKey && last.video !== undefined) || first?.video === undefined) &&
  (last.audio !== undefined || first?.audio === undefined);
