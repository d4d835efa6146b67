import { AudioHold } from './audioHold.ts';
import { ContinuityCheck } from './continuityCheck.ts';
import type { RungCuts } from './cutPlan.ts';
import { PacketRoles, role } from './packetRoles.ts';
import type { Picture } from './pictureReader.ts';
import type { SegmentSink } from './segment.ts';
import { SegmentOutput } from './segmentOutput.ts';
import type { SourceFacts } from './sourceFacts.ts';
import { SourceWatch } from './sourceWatch.ts';
import { Timeline } from './timeline.ts';
import { packetBytes, TsPackets } from './ts/tsPackets.ts';

/** So much is held until the picture after a doubtful one says what it was. */
const mostHeldBytes = 2_000_000;

/**
 * MPEG-TS in, segments out. The way of a packet:
 *
 *     chunk ─ TsPackets ─ PacketRoles ─┬─ PAT, PMT ── TsProgram; written anew at each segment's beginning (TableWriter)
 *          (any size)    (by PID)      ├─ video ───── Timeline (PictureReader, PictureClock, CutPlan): does a segment begin here?
 *                                      ├─ audio ───── AudioTrack: whole PES packets, to the old or the new segment
 *                                      └─ foreign ─── dropped (other programs, null packets)
 *                                             └────── SegmentOutput ── SegmentSink (SegmentFiles, parts)
 *
 * A segment begins at the first packet of a key frame (in decoding order) that lies on the plan's grid; its duration is
 * the distance of the first pictures' PTS. With one rung, audio packets that finish an open PES packet go to the old
 * segment; rungs of a ladder divide audio by PTS. Before the first key frame, video is dropped and audio held.
 *
 * A timeline ends where timestamps jump (confirmed by a second picture), where the tracks change and where the size
 * changes: the next key frame then begins a segment with a `discontinuity`. All calls are synchronous, bytes are not
 * copied, and nothing is timed by a clock: the same bytes in other chunks give the same segments.
 */
export class Segmenter {
  readonly #packets = new TsPackets();
  readonly #roles = new PacketRoles();
  readonly #continuity = new ContinuityCheck();
  readonly #cuts: RungCuts;
  readonly #watch = new SourceWatch();
  readonly #hold = new AudioHold();
  readonly #output: SegmentOutput;
  readonly #timeline: Timeline;
  /** Packets since a key frame of a doubtful time. */
  #doubtful: { runs: Buffer[]; bytes: number } | undefined;

  /**
   * @param options.longestStepSeconds pictures may be this far apart; a longer step is another timeline
   * @param options.beginPts the first segment begins with the key frame of this PTS, or the next one
   */
  constructor(options: {
    cuts: RungCuts;
    sink: SegmentSink;
    longestStepSeconds?: number;
    beginPts?: number | undefined;
  }) {
    const { cuts, sink, longestStepSeconds = cuts.isShared ? 12 : 3 } = options;
    this.#cuts = cuts;
    this.#output = new SegmentOutput(sink, segment => this.#watch.segment(segment));
    const parts = { cuts, roles: this.#roles, hold: this.#hold, watch: this.#watch, output: this.#output };
    this.#timeline = new Timeline(parts, longestStepSeconds, options.beginPts);
  }

  /** What the source has shown so far: judgeSource says whether it can be passed on untouched. */
  get facts(): SourceFacts {
    return this.#watch.facts;
  }

  /** The next bytes, aligned to nothing. The chunk must not be changed afterwards. */
  push(chunk: Buffer): void {
    this.#packets.each(chunk, packets => this.#route(packets, false));
  }

  /**
   * Writes PAT and PMT into the open segment, here. For parts: called from `onFrame`, the picture's part begins with them,
   * at that frame's `at`.
   */
  writeTables(): void {
    const { program } = this.#roles;
    if (program !== undefined) this.#output.writeTables(program);
  }

  /** Nothing more comes: closes what is open, the last segment up to its last picture's end. */
  end(): void {
    this.#settleDoubt(undefined);
    this.#timeline.endPicture();
    this.#output.close();
    this.#cuts.leave();
  }

  #route(data: Buffer, isReplay: boolean): void {
    let from = 0;
    for (let at = 0; at < data.length; at += packetBytes) {
      const second = data[at + 1] ?? 0;
      const pid = ((second & 0x1f) << 8) | (data[at + 2] ?? 0);
      const kind = this.#roles.of(pid);
      if (kind === role.foreign) {
        this.#emit(data, from, at);
        from = at + packetBytes;
        this.#takeTable(pid, data.subarray(at, from));
        continue;
      }
      if (!isReplay && !this.#continuity.isNext(data, at, pid)) this.#output.noteContinuityError();
      const isStart = (second & 0x40) !== 0;
      if (kind === role.video) {
        if (isStart) {
          this.#emit(data, from, at);
          from = at + this.#startPicture(data, at);
        } else if (this.#doubtful === undefined) this.#timeline.readOn(data, at);
      } else if (kind >= role.audio && this.#doubtful === undefined) {
        if (this.#takeAudio(data, from, at, kind)) from = at + packetBytes;
      }
    }
    this.#emit(data, from, data.length);
  }

  /** Packets of the open segment; held while a key frame is doubtful, dropped between timelines. */
  #emit(data: Buffer, from: number, to: number): void {
    if (from >= to) return;
    const packets = data.subarray(from, to);
    if (this.#doubtful === undefined) {
      this.#output.add(packets);
      return;
    }
    this.#doubtful.runs.push(packets);
    this.#doubtful.bytes += packets.length;
    if (this.#doubtful.bytes > mostHeldBytes) this.#settleDoubt(undefined);
  }

  /** A picture's first packet. Returns how many of its bytes are placed already. */
  #startPicture(data: Buffer, at: number): number {
    const picture = this.#timeline.read(data, at);
    this.#settleDoubt(picture);
    this.#timeline.endPicture();
    if (picture === undefined) return 0;
    const taken = this.#timeline.take(picture, data.subarray(at, at + packetBytes));
    if (taken === 'doubtful') this.#doubtful = { runs: [], bytes: 0 };
    return taken === 'placed' ? packetBytes : 0;
  }

  /** What was held since a doubtful key frame goes its way. `next`: the picture after it. */
  #settleDoubt(next: Picture | undefined): void {
    const runs = this.#doubtful?.runs;
    if (runs === undefined) return;
    this.#doubtful = undefined;
    this.#timeline.settle(next);
    this.#route(Buffer.concat(runs), true);
  }

  /** True: the packet is placed, together with the run in front of it. */
  #takeAudio(data: Buffer, from: number, at: number, kind: number): boolean {
    const track = this.#roles.tracks[kind - role.audio];
    if (track === undefined) return false;
    const target = track.push(data, at);
    const packet = data.subarray(at, at + packetBytes);
    if (track.start !== undefined) this.#output.noteAudio(data.subarray(track.start.payloadAt, at + packetBytes));
    if (this.#output.isOpen && target === 'open') return false;
    this.#emit(data, from, at);
    if (this.#output.isOpen) this.#output.addAudio(target, packet);
    else this.#hold.push(track, packet);
    this.#output.settle(this.#roles.tracks);
    return true;
  }

  #takeTable(pid: number, packet: Buffer): void {
    const change = this.#roles.push(pid, packet);
    if (change === undefined) return;
    this.#watch.program(this.#roles.program?.streams ?? []);
    if (!this.#output.isOpen) return;
    this.writeTables();
    if (change === 'tracks') this.#timeline.breakTracks();
  }
}
