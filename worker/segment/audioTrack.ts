import { isNearest } from './isNearest.ts';
import { ticksBetween } from './ticks.ts';
import { payloadStart } from './ts/packetHeader.ts';
import { type PesStart, readPes } from './ts/readPes.ts';
import { packetBytes } from './ts/tsPackets.ts';

/** Where an audio packet goes: into the open segment, the one that is being closed, or nowhere. */
export type AudioTarget = 'open' | 'closing' | 'none';

/** What a track still has to do before its packets simply go into the open segment. Times are raw PTS. */
type Handover =
  /** Finish the PES packet that is open. */
  | { until: 'finished' }
  /** Come to a PES packet of this PTS or later. */
  | { until: 'cut'; pts: number }
  /** The same at a stream's beginning: to the PES packet that is nearest to the first picture. */
  | { until: 'begin'; pts: number }
  /** Begin any PES packet. */
  | { until: 'next' };

/** One audio PID: follows its PES packets, so that none is split between two segments. */
export class AudioTrack {
  readonly pid: number;
  #target: AudioTarget = 'open';
  #handover: Handover | undefined;
  /** Payload bytes of the open PES packet that are still to come. */
  #left = 0;
  #pts: number | undefined;
  #distance: number | undefined;
  #isActive = false;
  /** The PES header in the latest packet, if one began there. */
  start: PesStart | undefined;

  constructor(pid: number) {
    this.pid = pid;
  }

  /** Nothing more of it belongs to the segment before. */
  get isSettled(): boolean {
    return this.#target !== 'closing' && this.#handover?.until !== 'finished';
  }

  /** PTS of the latest PES packet, raw, and how long that was after the one before, ticks. */
  get latest(): { pts: number | undefined; distance: number | undefined } {
    return { pts: this.#pts, distance: this.#distance };
  }

  push(data: Buffer, at: number): AudioTarget {
    this.start = undefined;
    const payloadAt = payloadStart(data, at);
    const end = at + packetBytes;
    if (((data[at + 1] ?? 0) & 0x40) !== 0) this.#begin(readPes(data, payloadAt, end));
    this.#left -= end - payloadAt;
    const target = this.#target;
    if (this.#left <= 0 && this.#handover?.until === 'finished') this.#settle();
    return target;
  }

  /** A cut. `pts`: whole PES packets by this PTS; undefined: by their place, what is open goes to the old segment. */
  cut(pts: number | undefined): void {
    // A track that was silent through the whole segment is not waited for.
    if (this.#target === 'open' && this.#isActive) {
      this.#handover = pts === undefined ? { until: 'finished' } : { until: 'cut', pts };
      this.#target = 'closing';
      if (pts === undefined && this.#left <= 0) this.#settle();
    }
    this.#isActive = false;
  }

  /** A timeline begins at a picture of this PTS. `isIn`: the PES packet that is open belongs to it. */
  begin(pts: number, isIn: boolean): void {
    this.#handover = isIn ? undefined : { until: 'begin', pts };
    this.#target = isIn ? 'open' : 'none';
  }

  /** The wait is over. */
  giveUp(): void {
    if (this.#target === 'closing') this.#settle();
    else if (this.#handover !== undefined) this.#handover = { until: 'next' };
  }

  #begin(pes: PesStart | undefined): void {
    this.start = pes;
    if (pes === undefined) return;
    this.#left = pes.bytes;
    this.#isActive = true;
    if (pes.pts !== undefined) {
      this.#distance = this.#pts === undefined ? undefined : ticksBetween(this.#pts, pes.pts);
      this.#pts = pes.pts;
    }
    if (this.#isDue(pes.pts)) this.#settle();
  }

  #isDue(pts: number | undefined): boolean {
    const handover = this.#handover;
    if (handover === undefined) return false;
    if (handover.until === 'finished' || handover.until === 'next') return true;
    if (pts === undefined) return false;
    const after = ticksBetween(handover.pts, pts);
    return handover.until === 'cut' ? after >= 0 : isNearest(after, this.#distance);
  }

  #settle(): void {
    this.#handover = undefined;
    this.#target = 'open';
  }
}
