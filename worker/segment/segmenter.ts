import { AudioHold } from './audioHold.ts';
import { ContinuityCheck } from './continuityCheck.ts';
import type { RungCuts } from './cutPlan.ts';
import type { KeyFacts } from './keyScan.ts';
import { PacketRoles, role } from './packetRoles.ts';
import { PictureClock } from './pictureClock.ts';
import { type Picture, PictureReader } from './pictureReader.ts';
import type { BreakReason, SegmentSink } from './segment.ts';
import { SegmentOutput } from './segmentOutput.ts';
import type { SourceFacts } from './sourceFacts.ts';
import { SourceWatch } from './sourceWatch.ts';
import { packetBytes, TsPackets } from './ts/tsPackets.ts';

interface PictureTime {
  /** Unwrapped. */
  pts: number;
  dts: number;
  isKey: boolean;
}

/** So much is held until the picture after a doubtful one says what it was. */
const mostHeldBytes = 2_000_000;

/**
 * MPEG-TS in, segments out. The way of a packet:
 *
 *     chunk ─ TsPackets ─ PacketRoles ─┬─ PAT, PMT ── TsProgram; written anew at each segment's beginning (TableWriter)
 *          (any size)    (by PID)      ├─ video ───── PictureReader, PictureClock ── CutPlan: does a segment begin here?
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
  readonly #clock: PictureClock;
  readonly #pictures = new PictureReader();
  readonly #watch = new SourceWatch();
  readonly #output: SegmentOutput;
  readonly #hold = new AudioHold();
  /** Packets since a key frame of a doubtful time. */
  #doubtful: { runs: Buffer[]; bytes: number } | undefined;
  /** The key frame is being replayed, its time was passed over. */
  #isPassedOver = false;
  /** Fingerprint of the picture's size and profile. */
  #format: string | undefined;
  /** What the next key frame begins a timeline for. */
  #break: BreakReason | undefined;

  /** @param options.longestStepSeconds pictures may be this far apart; a longer step is another timeline */
  constructor(options: { cuts: RungCuts; sink: SegmentSink; longestStepSeconds?: number }) {
    const { cuts, sink, longestStepSeconds = cuts.isShared ? 12 : 3 } = options;
    this.#cuts = cuts;
    this.#clock = new PictureClock(longestStepSeconds);
    this.#output = new SegmentOutput(sink, segment => this.#watch.segment(segment));
  }

  /** What the source has shown so far: judgeSource says whether it can be passed on untouched. */
  get facts(): SourceFacts {
    return this.#watch.facts;
  }

  /** The next bytes, aligned to nothing. The chunk must not be changed afterwards. */
  push(chunk: Buffer): void {
    this.#packets.each(chunk, packets => this.#route(packets, false));
  }

  /** Nothing more comes: closes what is open, the last segment up to its last picture's end. */
  end(): void {
    this.#settleDoubt(false);
    this.#noteKey(this.#pictures.endKey());
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
        } else if (this.#pictures.isReading) this.#noteKey(this.#pictures.readOn(data, at));
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
    if (this.#doubtful.bytes > mostHeldBytes) this.#settleDoubt(false);
  }

  /** A picture's first packet. Returns how many of its bytes are placed already. */
  #startPicture(data: Buffer, at: number): number {
    const picture = this.#pictures.read(data, at, this.#roles.videoCodec);
    if (this.#doubtful !== undefined) this.#settleDoubt(picture !== undefined && this.#clock.confirms(picture.dts));
    this.#noteKey(this.#pictures.endKey());
    if (picture === undefined) return 0;
    const packet = data.subarray(at, at + packetBytes);
    return this.#output.isOpen ? this.#goOn(picture, packet) : this.#begin(picture, packet);
  }

  /** A timeline begins with its first key frame. Held audio follows that one's first packet, which carries the clock. */
  #begin(picture: Picture, packet: Buffer): number {
    const { pts, dts, isKey, format } = picture;
    if (!isKey || !this.#clock.agree(pts, dts)) return 0;
    this.#clock.restart(dts, this.#cuts.origin());
    const time = { ...this.#clock.read(pts, dts), isKey };
    if (time.kind !== 'time') return 0;
    this.#noteFormat(format, true);
    this.#start(this.#cuts.begin(time.pts).number, time);
    this.#frame(picture, time);
    this.#output.add(packet);
    const early = this.#hold.take(pts);
    for (const track of this.#roles.tracks) track.begin(pts, early.tracks.has(track));
    for (const audio of early.packets) this.#output.add(audio);
    return packetBytes;
  }

  #goOn(picture: Picture, packet: Buffer): number {
    const reading = this.#isPassedOver ? undefined : this.#clock.read(picture.pts, picture.dts);
    this.#isPassedOver = false;
    if (reading?.kind === 'jumped') {
      this.#endTimeline();
      return this.#begin(picture, packet);
    }
    if (reading?.kind === 'suspect' && picture.isKey) this.#doubtful = { runs: [], bytes: 0 };
    else if (reading?.kind !== 'time') this.#noteBadTimestamp();
    else this.#place(picture, { ...reading, isKey: picture.isKey });
    return 0;
  }

  /** A picture that continues the timeline, or begins a segment. */
  #place(picture: Picture, time: PictureTime): void {
    this.#noteFormat(picture.format, false);
    const isNew = this.#startsTimeline(time);
    const cut = isNew ? this.#cuts.begin(time.pts) : this.#cuts.picture(time);
    if (cut !== undefined) {
      const isByPts = this.#cuts.isShared && !isNew;
      for (const track of this.#roles.tracks) track.cut(isByPts ? cut.at : undefined);
      // A picture that stands in for a lost key frame may be shown later than the cut.
      this.#start(cut.number, time.isKey ? time : { ...time, pts: cut.at });
    }
    this.#frame(picture, time);
    this.#output.settle(this.#roles.tracks, time.dts);
  }

  #startsTimeline({ pts, isKey }: PictureTime): boolean {
    if (!isKey) return false;
    if (this.#cuts.isLeftBehind(pts)) this.#break = 'timestamps';
    return this.#break !== undefined && (this.#break === 'timestamps' || !this.#cuts.isShared);
  }

  #start(number: number, time: PictureTime): void {
    const { program } = this.#roles;
    if (program !== undefined) this.#output.start({ number, ...time, discontinuity: this.#break, program });
    this.#break = undefined;
  }

  #frame(picture: Picture, time: PictureTime): void {
    this.#watch.picture(time);
    this.#output.frame(time);
    if (picture.isKey && this.#roles.videoCodec === 'h264') this.#noteKey(this.#pictures.startKey(picture));
  }

  /** The picture after a doubtful key frame is here: that was a new timeline's, or its time was wrong. */
  #settleDoubt(isJump: boolean): void {
    const runs = this.#doubtful?.runs;
    this.#doubtful = undefined;
    if (runs === undefined) return;
    if (isJump) this.#endTimeline();
    this.#isPassedOver = !isJump;
    this.#route(Buffer.concat(runs), true);
  }

  #endTimeline(): void {
    this.#output.close();
    this.#watch.timelineBreak();
    this.#break = 'timestamps';
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
    const { program } = this.#roles;
    if (change === undefined || program === undefined) return;
    this.#watch.program(program.streams);
    if (!this.#output.isOpen) return;
    this.#output.writeTables(program);
    if (change === 'tracks') this.#break ??= 'tracks';
  }

  #noteKey(facts: KeyFacts | undefined): void {
    if (facts === undefined) return;
    this.#watch.key(facts);
    this.#output.noteKey(facts);
  }

  #noteFormat(format: string | undefined, isNewTimeline: boolean): void {
    if (format === undefined || format === this.#format) return;
    const isChange = this.#format !== undefined;
    this.#format = format;
    if (!isChange) return;
    this.#watch.formatChange();
    if (!isNewTimeline) this.#break ??= 'format';
  }

  #noteBadTimestamp(): void {
    this.#watch.badTimestamp();
    this.#output.noteBadTimestamp();
  }
}
