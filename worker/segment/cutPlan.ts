import { ticksPerSecond } from './ticks.ts';

/** A key frame may come this much before the grid's line: rounding of time bases. */
const earlyTicks = 1_500;
/** Two rungs' pictures are one when their PTS differ by no more: half a frame at 60 fps. */
const sameTicks = 750;

export interface Cut {
  number: number;
  /** Unwrapped PTS of the first picture after it, 90 kHz. */
  at: number;
}

/** A timeline between two breaks. */
interface Epoch {
  start: number;
  /** By their order in the epoch; those that every rung has made are forgotten. */
  cuts: Map<number, Cut>;
  count: number;
}

interface Place {
  epoch: number;
  /** No cut at or before this PTS can be made any more. */
  passed: number;
  /** Cuts of the epoch that were made. */
  made: number;
  hasLeft: boolean;
}

/**
 * Where the rungs of one stream are cut. The rung that comes first to a key frame at or after the grid's next line
 * decides; the others cut at their picture of the same PTS. So a number is the same media time in all of them, whatever
 * the order in which their bytes arrive. The grid: start + first + k * target.
 */
export class CutPlan {
  readonly #target: number;
  readonly #first: number;
  readonly #places: Place[];
  readonly #epochs = new Map<number, Epoch>();
  #nextNumber: number;
  #joined = 0;

  constructor(options: { firstNumber: number; targetSeconds: number; firstSeconds?: number; rungs?: number }) {
    const { firstNumber, targetSeconds, firstSeconds = targetSeconds, rungs = 1 } = options;
    this.#nextNumber = firstNumber;
    this.#target = Math.round(targetSeconds * ticksPerSecond);
    this.#first = Math.round(firstSeconds * ticksPerSecond);
    this.#places = Array.from({ length: rungs }, newPlace);
  }

  /** Whether several rungs have to agree. */
  get isShared(): boolean {
    return this.#places.length > 1;
  }

  /** The number that the next new cut gets. */
  get nextNumber(): number {
    return this.#nextNumber;
  }

  /** The next rung's view of the plan. */
  rung(): RungCuts {
    const index = this.#joined;
    if (index >= this.#places.length) throw new Error(`The cut plan is for ${this.#places.length} rungs: give it more`);
    this.#joined += 1;
    return {
      isShared: this.isShared,
      origin: () => this.#epochs.get(this.#place(index).epoch + 1)?.start,
      begin: pts => this.#begin(index, pts),
      picture: picture => this.#picture(index, picture),
      isLeftBehind: pts => this.#isLeftBehind(index, pts),
      leave: () => {
        this.#place(index).hasLeft = true;
      },
    };
  }

  #place(rung: number): Place {
    return this.#places[rung] as Place;
  }

  #begin(rung: number, pts: number): Cut {
    const place = this.#place(rung);
    place.epoch += 1;
    const epoch = this.#epochs.get(place.epoch) ?? this.#newEpoch(place.epoch, pts);
    // A rung that comes late to its first picture begins in the segment that is there by then.
    const at = [...epoch.cuts].findLast(([, cut]) => cut.at <= pts + sameTicks) ?? [...epoch.cuts][0];
    const [order, cut] = at as [number, Cut];
    place.made = order + 1;
    place.passed = pts;
    this.#forget();
    return cut;
  }

  #isLeftBehind(rung: number, pts: number): boolean {
    const place = this.#place(rung);
    const epoch = this.#epochs.get(place.epoch);
    if (epoch === undefined || epoch.cuts.has(place.made)) return false;
    const isAlone = this.#places.every(other => other.epoch <= place.epoch || other.hasLeft);
    return !isAlone && pts >= this.#line(epoch, epoch.cuts.get(epoch.count - 1)?.at ?? epoch.start);
  }

  #picture(rung: number, picture: { pts: number; dts: number; isKey: boolean }): Cut | undefined {
    const place = this.#place(rung);
    const epoch = this.#epochs.get(place.epoch);
    if (epoch === undefined) return undefined;
    const planned = epoch.cuts.get(place.made);
    const isDue = planned === undefined || isDueAt(planned, picture);
    const cut = planned ?? this.#propose(place, epoch, picture);
    place.passed = Math.max(place.passed, picture.dts - sameTicks);
    if (cut === undefined || !isDue) return undefined;
    place.made += 1;
    this.#forget();
    return cut;
  }

  #propose(place: Place, epoch: Epoch, { pts, isKey }: { pts: number; isKey: boolean }): Cut | undefined {
    const latest = epoch.cuts.get(epoch.count - 1);
    if (!isKey || pts < this.#line(epoch, latest?.at ?? epoch.start)) return undefined;
    const others = this.#places.filter(other => other !== place && !other.hasLeft);
    const isLate = others.some(
      other => other.epoch > place.epoch || (other.epoch === place.epoch && other.passed > pts),
    );
    return isLate ? undefined : this.#addCut(epoch, pts);
  }

  /** The grid's first line after a cut. */
  #line(epoch: Epoch, cut: number): number {
    const k = Math.floor((cut + earlyTicks - epoch.start - this.#first) / this.#target) + 1;
    return epoch.start + this.#first + Math.max(0, k) * this.#target - earlyTicks;
  }

  #newEpoch(index: number, start: number): Epoch {
    const epoch: Epoch = { start, cuts: new Map(), count: 0 };
    this.#epochs.set(index, epoch);
    this.#addCut(epoch, start);
    return epoch;
  }

  #addCut(epoch: Epoch, at: number): Cut {
    const cut = { number: this.#nextNumber, at };
    this.#nextNumber += 1;
    epoch.cuts.set(epoch.count, cut);
    epoch.count += 1;
    return cut;
  }

  /** Drops what no rung needs any more; the latest cut stays, the grid goes on from it. */
  #forget(): void {
    const places = this.#places.filter(place => !place.hasLeft);
    const epoch = Math.min(...places.map(place => place.epoch));
    for (const index of this.#epochs.keys()) if (index < epoch) this.#epochs.delete(index);
    const made = Math.min(...places.filter(place => place.epoch === epoch).map(place => place.made));
    const cuts = this.#epochs.get(epoch)?.cuts;
    for (const order of cuts?.keys() ?? []) if (order < made - 1) cuts?.delete(order);
  }
}

const newPlace = (): Place => ({ epoch: -1, passed: Number.NEGATIVE_INFINITY, made: 0, hasLeft: false });

/** A planned cut is due at its own picture, or, when that was lost, at the first one decoded after it. */
function isDueAt(planned: Cut, { pts, dts, isKey }: { pts: number; dts: number; isKey: boolean }): boolean {
  return (isKey && Math.abs(pts - planned.at) <= sameTicks) || dts > planned.at + sameTicks;
}

/** One rung's view of the plan. Times are unwrapped PTS and DTS of one timeline, 90 kHz. */
export interface RungCuts {
  readonly isShared: boolean;
  /** Start of the timeline that this rung begins next, when another one has begun it: what its PTS are unwrapped by. */
  origin(): number | undefined;
  /** A timeline begins at this picture: the first one, or one after a break. */
  begin(pts: number): Cut;
  /** The cut in front of this picture; undefined: none. Pictures in decoding order. */
  picture(picture: { pts: number; dts: number; isKey: boolean }): Cut | undefined;
  /** Another rung's timeline has ended, this one's should have before this key frame: it begins the next one too. */
  isLeftBehind(pts: number): boolean;
  /** Nothing more comes from this rung. */
  leave(): void;
}
