import { AppError } from '../../common/errors.ts';
import { eachPacket } from '../segment/ts/eachPacket.ts';
import type { PacketKind, TsInspector } from '../segment/ts/tsInspector.ts';
import { packetBytes } from '../segment/ts/tsPackets.ts';
import { chooseInputs, type Inputs } from './chooseInputs.ts';
import type { PictureJudge } from './pictureJudge.ts';
import type { TranscodeLimits } from './transcodeLimits.ts';

/** Where a transcode begins: the media from the first random access point on, and when that came (wall clock, ms). */
export interface Start {
  inputs: Inputs;
  held: readonly Buffer[];
  startedAt: number;
}

/** Holds the first media back until it is clear what the encoder really sends. Times are `performance.now()`. */
export class InputProbe {
  readonly #inspector: TsInspector;
  readonly #limits: TranscodeLimits;
  readonly #judge: PictureJudge;
  #fault: AppError | undefined;
  #held: { packets: Buffer; startedAt: number }[] = [];
  #heldBytes = 0;
  #packets = 0;
  #hasStart = false;
  #firstPictureAt: number | undefined;
  /** When the PMT last had video; undefined: never. */
  #videoAt: number | undefined;

  constructor(inspector: TsInspector, judge: PictureJudge, limits: TranscodeLimits) {
    this.#inspector = inspector;
    this.#judge = judge;
    this.#limits = limits;
  }

  /** Aligned packets, as they came. */
  push(packets: Buffer, now: number): void {
    this.#packets += packets.length / packetBytes;
    const startedAt = Date.now();
    // Only once: a PMT that loses its video and finds it again would have all that is held scanned each time.
    if (this.#videoAt === undefined && this.#inspector.video === undefined) this.#seekVideo(packets, startedAt, now);
    else this.#scan(packets, startedAt, now);
    if (this.#inspector.video !== undefined) this.#videoAt = now;
  }

  /** What to start with; undefined as long as it is not clear. `isLast`: nothing more comes. */
  start(now: number, isLast = false): Start | undefined {
    const { streams } = this.#inspector;
    const [first] = this.#held;
    if (this.#fault !== undefined || !this.#hasStart || first === undefined || streams === undefined) return undefined;
    const isCarried = (pid: number) => Number.isFinite(this.#inspector.silentMs(pid, now));
    const isComplete = streams.every(stream => stream.kind !== 'audio' || isCarried(stream.pid));
    if (!isLast && !isComplete && !this.#hasWaited(now)) return undefined;
    const inputs = chooseInputs(streams, isCarried);
    if (inputs === undefined) return undefined;
    return {
      inputs: { ...inputs, format: this.#inspector.format, size: this.#inspector.pictureSize?.shown },
      held: this.#held.map(one => one.packets),
      startedAt: first.startedAt,
    };
  }

  /** Why this can be no input, from what came so far: `bytes` in all. Undefined while pictures come and can be used. */
  refusal(bytes: number): AppError | undefined {
    if (this.#fault !== undefined) return this.#fault;
    if (this.#hasPictures && !this.#isFull) return undefined;
    return new AppError('input_invalid', `${this.#seen(bytes)}. ${advice}`);
  }

  /** Whether waiting is of no use: much came without pictures, the limit is held without a start, the video is gone, or it cannot be decoded here. */
  isHopeless(bytes: number, now: number): boolean {
    if (this.#fault !== undefined) return true;
    if (this.#packets === 0) return bytes >= this.#limits.noPacketsBytes;
    if (this.#firstPictureAt === undefined) return bytes >= this.#limits.heldBytes;
    const lostMs = now - (this.#videoAt ?? now);
    return this.#isFull || (!this.#hasPictures && lostMs >= this.#limits.noVideoMs);
  }

  /** Pictures came, and the PMT still has the video that they belong to. */
  get #hasPictures(): boolean {
    return this.#firstPictureAt !== undefined && this.#inspector.video !== undefined;
  }

  get #isFull(): boolean {
    return this.#heldBytes >= this.#limits.heldBytes;
  }

  /** The video's PID is known only with the PMT, and pictures may have come before it: all is kept and scanned again. */
  #seekVideo(packets: Buffer, startedAt: number, now: number): void {
    this.#hold(packets, startedAt);
    for (const packet of eachPacket(packets)) {
      this.#inspector.push(packet, now);
      // A picture that it sees twice is a jump of the timestamps: a router's repeat brings seconds of media at once.
      if (this.#inspector.video !== undefined) break;
    }
    if (this.#inspector.video === undefined) return;
    const before = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const one of before) this.#scan(one.packets, one.startedAt, now);
  }

  #hasWaited(now: number): boolean {
    const waited = Math.max(now - (this.#firstPictureAt ?? now), this.#inspector.videoSeconds * 1000);
    return waited >= this.#limits.audioWaitMs || this.#isFull;
  }

  #scan(packets: Buffer, startedAt: number, now: number): void {
    let from: number | undefined = this.#hasStart ? 0 : undefined;
    let at = 0;
    for (const packet of eachPacket(packets)) {
      const kind = this.#inspector.push(packet, now);
      if (kind !== 'rest') this.#firstPictureAt ??= now;
      this.#fault ??= this.#judge.fault(this.#inspector, kind);
      if (from === undefined && this.#canStart(kind, now)) from = at;
      at += packetBytes;
    }
    if (from === undefined) return;
    this.#hasStart = true;
    this.#hold(packets.subarray(from), startedAt);
  }

  /** After a time without random access points, any picture will do; also when the timestamps do not advance. */
  #canStart(kind: PacketKind, now: number): boolean {
    if (kind !== 'picture') return kind === 'random_access';
    const waitedSeconds = (now - (this.#firstPictureAt ?? now)) / 1000;
    return Math.max(this.#inspector.videoSeconds, waitedSeconds) >= this.#limits.noRandomAccessSeconds;
  }

  #hold(packets: Buffer, startedAt: number): void {
    if (packets.length === 0) return;
    this.#held.push({ packets, startedAt });
    this.#heldBytes += packets.length;
  }

  #seen(bytes: number): string {
    const { streams, video } = this.#inspector;
    if (bytes === 0) return 'The encoder is connected and sends nothing';
    if (this.#packets === 0)
      return `The encoder sends no MPEG-TS: ${bytes} bytes came without a transport stream packet`;
    if (streams === undefined)
      return `No program in the encoder's MPEG-TS: ${this.#packets} packets without PAT and PMT`;
    if (video !== undefined) return `The encoder announces ${video.codec} video on PID ${video.pid} and sends none`;
    const codecs = streams.map(stream => stream.codec).join(', ') || 'nothing';
    return `There is no video in the encoder's MPEG-TS: it announces ${codecs}`;
  }
}

const advice =
  'Send MPEG-TS with one H.264, HEVC or MPEG-2 video stream over SRT (FFmpeg: -f mpegts), audio is optional';
