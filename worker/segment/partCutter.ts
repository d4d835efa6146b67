import type { Part, PartSink } from './part.ts';
import type { PartPlan } from './partPlan.ts';
import type { Frame, OpenSegment, Segment, SegmentSink } from './segment.ts';
import { ticksPerSecond } from './ticks.ts';
import type { Program } from './ts/tsProgram.ts';
import { TsParts } from './tsParts.ts';

/** In part targets: how long after a picture its part waits for the next one. */
const IDLE = 2;

interface OpenParts {
  number: number;
  /** Of its parts so far. */
  bytes: number;
  seconds: number;
  /** The open part. */
  runs: Buffer[];
  start: number | undefined;
  /** Its last part was closed without waiting for the next picture, and nothing came since. */
  isIdle: boolean;
  hasPictures: boolean;
  isIndependent: boolean;
  /** Calls of the sink that wait until the segment before has closed. */
  waiting: (() => void)[];
}

/**
 * Divides the segments that pass through it into parts. A part closes when the next one's first picture begins, the last one
 * with its segment, and one whose source pauses after a while. What `files` gets of a segment is what its parts hold.
 */
export class PartCutter implements SegmentSink {
  readonly #files: SegmentSink;
  readonly #parts: PartSink;
  readonly #plan: PartPlan;
  readonly #writeTables: () => void;
  readonly #container = new TsParts();
  #idle: NodeJS.Timeout | undefined;
  /** In order; the second one is open while the first one waits for its last sound. */
  readonly #open: OpenParts[] = [];

  /** @param options.writeTables writes PAT and PMT into the segmenter's open segment */
  constructor(options: { files: SegmentSink; parts: PartSink; plan: PartPlan; writeTables: () => void }) {
    this.#files = options.files;
    this.#parts = options.parts;
    this.#plan = options.plan;
    this.#writeTables = options.writeTables;
  }

  onTables(program: Program): void {
    this.#container.setProgram(program);
  }

  onOpen(segment: OpenSegment): void {
    const { number, discontinuity } = segment;
    const open: OpenParts = {
      ...{ number, bytes: 0, seconds: 0, runs: [], start: undefined, waiting: [] },
      ...{ isIdle: false, hasPictures: false, isIndependent: false },
    };
    this.#open.push(open);
    this.#files.onOpen(segment);
    this.#tell(open, () => this.#parts.onOpen({ number, discontinuity }));
  }

  onBytes(segment: OpenSegment, packets: Buffer): void {
    this.#endIdle(segment.number);
    this.#write(segment, this.#container.push(segment.number, packets));
  }

  onFrame(segment: OpenSegment, frame: Frame): void {
    const open = this.#find(segment.number);
    if (open === undefined) return;
    this.#endIdle(segment.number);
    const isFirst = open.start === undefined;
    if (isFirst) this.#plan.startSegment(frame, !open.hasPictures && segment.discontinuity !== undefined);
    const beginsPart = isFirst || this.#plan.picture(frame);
    if (beginsPart) {
      if (!isFirst) {
        this.#closePart(open, this.#plan.seconds(frame.dts - (open.start ?? frame.dts)));
        this.#writeTables();
      }
      open.start = frame.dts;
      open.isIndependent = frame.isKey;
      open.hasPictures = true;
    }
    this.#container.startPicture({ isKey: frame.isKey, beginsPart });
    this.#waitForNext();
  }

  onClose(segment: Segment): void {
    const open = this.#find(segment.number);
    if (open === undefined) return;
    this.#write(segment, this.#container.flush(segment.number));
    if (open === this.#open.at(-1)) clearTimeout(this.#idle);
    const left = Math.round((segment.seconds - open.seconds) * ticksPerSecond);
    if (open.runs.length > 0) this.#closePart(open, this.#plan.seconds(Math.max(1, left)));
    const closed = { ...segment, bytes: open.bytes };
    this.#tell(open, () => this.#parts.onClose(closed));
    this.#files.onClose(closed);
    this.#open.splice(this.#open.indexOf(open), 1);
    const next = this.#open[0];
    for (const tell of next?.waiting.splice(0) ?? []) tell();
  }

  /** The source pauses: what is there of a part goes out, as long as a part may be, since no picture comes before that. */
  #waitForNext(): void {
    clearTimeout(this.#idle);
    const target = this.#plan.targetSeconds;
    if (target === undefined) return;
    this.#idle = setTimeout(() => this.#closeIdle(target), IDLE * target * 1_000);
    this.#idle.unref();
  }

  #closeIdle(seconds: number): void {
    const open = this.#open.at(-1);
    if (open?.start === undefined || !this.#container.isPictureWhole) return;
    this.#closePart(open, seconds);
    open.start = undefined;
    open.isIdle = true;
  }

  /** More comes after all: it begins a part. */
  #endIdle(number: number): void {
    const open = this.#open.at(-1);
    if (open?.number !== number || !open.isIdle) return;
    open.isIdle = false;
    this.#writeTables();
  }

  #write(segment: OpenSegment, runs: readonly Buffer[]): void {
    const open = this.#find(segment.number);
    for (const run of runs) {
      if (open !== undefined) open.bytes += run.length;
      open?.runs.push(run);
      this.#files.onBytes(segment, run);
    }
  }

  #closePart(open: OpenParts, seconds: number): void {
    const part: Part = {
      ...{ number: open.number, isIndependent: open.isIndependent, seconds },
      data: Buffer.concat(open.runs.splice(0)),
    };
    open.seconds += seconds;
    this.#tell(open, () => this.#parts.onPart(part));
  }

  #tell(open: OpenParts, tell: () => void): void {
    if (open === this.#open[0]) tell();
    else open.waiting.push(tell);
  }

  #find(number: number): OpenParts | undefined {
    return this.#open.find(open => open.number === number);
  }
}
