import { audioHead } from './audioHead.ts';
import type { AudioTarget, AudioTrack } from './audioTrack.ts';
import type { KeyFacts } from './keyScan.ts';
import type { BreakReason, Segment, SegmentSink } from './segment.ts';
import { SegmentDraft } from './segmentDraft.ts';
import { TableWriter } from './tableWriter.ts';
import { ticksPerSecond } from './ticks.ts';
import type { SpsInfo } from './ts/parseSps.ts';
import type { Program } from './ts/tsProgram.ts';

/** Late audio is waited for so long after a cut, in media time. */
const longestWait = ticksPerSecond / 2;

export interface SegmentStart {
  number: number;
  discontinuity: BreakReason | undefined;
  /** Its first picture's times, unwrapped. */
  pts: number;
  dts: number;
  isKey: boolean;
  program: Program;
}

/** The open segment and, for a moment after a cut, the one before it, which waits for its last audio. */
export class SegmentOutput {
  readonly #sink: SegmentSink;
  readonly #onClosed: (segment: Segment) => void;
  readonly #tables = new TableWriter();
  #open: SegmentDraft | undefined;
  #closing: { draft: SegmentDraft; endTicks: number; since: number } | undefined;
  #sps: SpsInfo | undefined;

  constructor(sink: SegmentSink, onClosed: (segment: Segment) => void) {
    this.#sink = sink;
    this.#onClosed = onClosed;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** The segment that is open becomes the one that waits; it ends where this one starts. */
  start({ number, discontinuity, pts, dts, isKey, program }: SegmentStart): void {
    this.#finish();
    if (this.#open !== undefined) this.#closing = { draft: this.#open, endTicks: pts, since: dts };
    const draft = new SegmentDraft({
      ...{ number, discontinuity, startTicks: pts, startsWithKey: isKey, sps: this.#sps },
    });
    this.#open = draft;
    this.#sink.onOpen(draft);
    this.writeTables(program);
  }

  /** The tables of the program as it is now. */
  writeTables(program: Program): void {
    this.#sink.onTables?.(program);
    this.add(this.#tables.packets(program));
  }

  add(packets: Buffer): void {
    if (this.#open !== undefined) this.#write(this.#open, packets);
  }

  /** Audio whose track says where it goes. */
  addAudio(target: AudioTarget, packet: Buffer): void {
    if (target === 'open') this.add(packet);
    else if (target === 'closing' && this.#closing !== undefined) this.#write(this.#closing.draft, packet);
  }

  frame(frame: { pts: number; dts: number; isKey: boolean }): void {
    const draft = this.#open;
    if (draft === undefined) return;
    const placed = { ...frame, at: draft.bytes };
    draft.addFrame(placed);
    this.#sink.onFrame?.(draft, placed);
  }

  /** Closes the segment that waits, once every track has given it all. `dts`: how far video has come. */
  settle(tracks: readonly AudioTrack[], dts?: number): void {
    if (this.#closing === undefined) return;
    const isOver = dts !== undefined && dts - this.#closing.since > longestWait;
    if (isOver) for (const track of tracks) track.giveUp();
    if (isOver || tracks.every(track => track.isSettled)) this.#finish();
  }

  /** The timeline ends: closes everything, the open segment with its own last picture. */
  close(): void {
    this.#finish();
    if (this.#open !== undefined) this.#report(this.#open.close(undefined));
    this.#open = undefined;
  }

  noteKey(facts: KeyFacts): void {
    this.#sps = facts.sps ?? this.#sps;
    this.#open?.takeKey(facts);
  }

  noteAudio(payload: Buffer): void {
    if (this.#open !== undefined) this.#open.audio ??= audioHead(payload);
  }

  noteContinuityError(): void {
    if (this.#open !== undefined) this.#open.continuityErrors += 1;
  }

  noteBadTimestamp(): void {
    if (this.#open !== undefined) this.#open.badTimestamps += 1;
  }

  #write(draft: SegmentDraft, packets: Buffer): void {
    draft.bytes += packets.length;
    this.#sink.onBytes(draft, packets);
  }

  #finish(): void {
    const closing = this.#closing;
    this.#closing = undefined;
    if (closing !== undefined) this.#report(closing.draft.close(closing.endTicks));
  }

  #report(segment: Segment): void {
    this.#onClosed(segment);
    this.#sink.onClose(segment);
  }
}
