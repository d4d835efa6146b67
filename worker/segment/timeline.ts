import type { AudioHold } from './audioHold.ts';
import type { RungCuts } from './cutPlan.ts';
import type { KeyFacts } from './keyScan.ts';
import type { PacketRoles } from './packetRoles.ts';
import { PictureClock } from './pictureClock.ts';
import { type Picture, PictureReader } from './pictureReader.ts';
import type { BreakReason } from './segment.ts';
import type { SegmentOutput } from './segmentOutput.ts';
import type { SourceWatch } from './sourceWatch.ts';
import { isSamePicture, ticksBetween } from './ticks.ts';

interface PictureTime {
  /** Unwrapped. */
  pts: number;
  dts: number;
  isKey: boolean;
}

export interface TimelineParts {
  cuts: RungCuts;
  roles: PacketRoles;
  hold: AudioHold;
  watch: SourceWatch;
  output: SegmentOutput;
}

/** Decides at each picture: it goes on, a segment begins with it, a timeline begins or ends with it. */
export class Timeline {
  readonly #cuts: RungCuts;
  readonly #roles: PacketRoles;
  readonly #hold: AudioHold;
  readonly #watch: SourceWatch;
  readonly #output: SegmentOutput;
  readonly #clock: PictureClock;
  readonly #pictures = new PictureReader();
  /** The next picture is a key frame that comes again, since its time was wrong. */
  #isPassedOver = false;
  /** Fingerprint of the picture's size and profile. */
  #format: string | undefined;
  /** What the next key frame begins a timeline for. */
  #break: BreakReason | undefined;
  /** Viewers have what is before; undefined: nothing, or it has begun. */
  #beginPts: number | undefined;

  /** @param beginPts the first segment begins with the key frame of this PTS, or the next one; undefined: with any */
  constructor({ cuts, roles, hold, watch, output }: TimelineParts, longestStepSeconds: number, beginPts?: number) {
    this.#cuts = cuts;
    this.#roles = roles;
    this.#hold = hold;
    this.#watch = watch;
    this.#output = output;
    this.#clock = new PictureClock(longestStepSeconds);
    this.#beginPts = beginPts;
  }

  /** The picture whose PES packet begins in the packet at `at`; undefined: none with a timestamp does. */
  read(data: Buffer, at: number): Picture | undefined {
    return this.#pictures.read(data, at, this.#roles.videoCodec);
  }

  /** A video packet inside a picture. */
  readOn(data: Buffer, at: number): void {
    if (this.#pictures.isReading) this.#noteKey(this.#pictures.readOn(data, at));
  }

  /** The picture that was being read is whole. */
  endPicture(): void {
    this.#noteKey(this.#pictures.endKey());
  }

  /**
   * A picture and its first packet. `placed`: that packet is in the output; `next`: it goes where the packets after it go;
   * `doubtful`: a key frame whose time the next picture has to confirm, to be given again after `settle`.
   */
  take(picture: Picture, packet: Buffer): 'placed' | 'next' | 'doubtful' {
    return this.#output.isOpen ? this.#goOn(picture, packet) : this.#begin(picture, packet);
  }

  /** The picture after a doubtful key frame; undefined: none came. */
  settle(next: Picture | undefined): void {
    const isJump = next !== undefined && this.#clock.confirms(next.dts);
    if (isJump) this.#end();
    this.#isPassedOver = !isJump;
  }

  /** The tracks changed. */
  breakTracks(): void {
    this.#break ??= 'tracks';
  }

  /** A timeline begins with its first key frame. */
  #begin(picture: Picture, packet: Buffer): 'placed' | 'next' {
    const { pts, dts, isKey, format } = picture;
    if (!isKey || !this.#clock.agree(pts, dts) || this.#isSeen(pts)) return 'next';
    this.#clock.restart(dts, this.#cuts.origin());
    const time = { ...this.#clock.read(pts, dts), isKey };
    if (time.kind !== 'time') return 'next';
    this.#noteFormat(format, true);
    this.#start(this.#cuts.begin(time.pts).number, time);
    this.#frame(picture, time);
    this.#output.add(packet);
    this.#beginAudio(pts);
    return 'placed';
  }

  #isSeen(pts: number): boolean {
    return this.#beginPts !== undefined && !isSamePicture(this.#beginPts, pts) && ticksBetween(this.#beginPts, pts) < 0;
  }

  /** Held audio follows the first picture's first packet, which carries the clock. */
  #beginAudio(pts: number): void {
    const goesOn = this.#beginPts !== undefined && isSamePicture(this.#beginPts, pts) && !this.#cuts.isShared;
    this.#beginPts = undefined;
    const early = this.#hold.take(pts);
    if (goesOn) {
      // Divided as at any cut: the segment before, which another owner made, has what was open.
      for (const track of this.#roles.tracks) track.cut(undefined);
      return;
    }
    for (const track of this.#roles.tracks) track.begin(pts, early.tracks.has(track));
    for (const audio of early.packets) this.#output.add(audio);
  }

  #goOn(picture: Picture, packet: Buffer): 'placed' | 'next' | 'doubtful' {
    const reading = this.#isPassedOver ? undefined : this.#clock.read(picture.pts, picture.dts);
    this.#isPassedOver = false;
    if (reading?.kind === 'jumped') {
      this.#end();
      return this.#begin(picture, packet);
    }
    if (reading?.kind === 'suspect' && picture.isKey) return 'doubtful';
    if (reading?.kind === 'time') {
      this.#place(picture, { ...reading, isKey: picture.isKey });
      return 'next';
    }
    this.#watch.badTimestamp();
    this.#output.noteBadTimestamp();
    return 'next';
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

  #end(): void {
    this.#output.close();
    this.#watch.timelineBreak();
    this.#break = 'timestamps';
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
}
