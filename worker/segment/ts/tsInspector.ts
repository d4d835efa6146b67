import { MediaClock } from '../../transcode/mediaClock.ts';
import { audioHead } from '../audioHead.ts';
import type { PictureSize } from './pictureSize.ts';
import { PictureSizes } from './pictureSizes.ts';
import { pictureStart } from './pictureStart.ts';
import type { ElementaryStream } from './tsCodec.ts';
import { TsProgram } from './tsProgram.ts';

/** What a packet is to the one who cuts: a picture that a decoder can begin with, any other picture's start, or the rest. */
export type PacketKind = 'random_access' | 'picture' | 'rest';

/** Looks at a transport stream packet by packet: what it announces, what it really carries, where it can be cut. */
export class TsInspector {
  readonly #clock = new MediaClock();
  readonly #carried = new Map<number, { seconds: number; at: number }>();
  readonly #program = new TsProgram();
  readonly #sizes = new PictureSizes();
  /** PIDs whose first header says MP3: their stream type is that of MP2. */
  readonly #mp3 = new Set<number>();
  #format: string | undefined;
  /** Seconds of video at the latest random access point, and from the one before it. */
  #keyAt: number | undefined;
  #keySeconds = 0;

  /** Elementary streams of the first program with video (of the first program, without any); undefined: no PMT yet. */
  get streams(): readonly ElementaryStream[] | undefined {
    const streams = this.#program.selected?.streams;
    if (this.#mp3.size === 0) return streams;
    return streams?.map(stream =>
      isMpegAudio(stream) && this.#mp3.has(stream.pid) ? { ...stream, codec: 'mp3' } : stream,
    );
  }

  /** The stream whose random access points count. */
  get video(): ElementaryStream | undefined {
    return this.#program.selected?.streams.find(stream => stream.kind === 'video');
  }

  /** The latest PAT and PMT as packets: what a decoder that begins here has to see first. */
  get tables(): Buffer {
    return this.#program.packets;
  }

  /** Fingerprint of the video's latest parameter sets (its size and profile), as far as they could be seen. */
  get format(): string | undefined {
    return this.#format;
  }

  /** Size of the video's latest pictures, as far as it could be read; the same object as long as it stays. */
  get pictureSize(): PictureSize | undefined {
    return this.#sizes.latest;
  }

  /** Seconds of video seen. */
  get videoSeconds(): number {
    return this.#clock.seconds;
  }

  /** Seconds between the last two random access points, or since the last one if that is longer; 0 before the first. */
  get keySeconds(): number {
    return this.#keyAt === undefined ? 0 : Math.max(this.#keySeconds, this.#clock.seconds - this.#keyAt);
  }

  /** How often the video's timestamps went on elsewhere. */
  get jumps(): number {
    return this.#clock.jumps;
  }

  /**
   * How long ago this PID last began a PES packet, ms; infinite when it never did. Counted in media and on the clock, the
   * shorter of them: neither a jump of the timestamps nor a pause of the encoder makes a stream silent.
   */
  silentMs(pid: number, now: number): number {
    const last = this.#carried.get(pid);
    if (last === undefined) return Number.POSITIVE_INFINITY;
    return Math.min((this.#clock.seconds - last.seconds) * 1000, now - last.at);
  }

  /** Whether the packet at `at` can say anything. Most cannot: they are the middle of a picture, and `push` calls them `rest`. */
  concerns(data: Buffer, at: number): boolean {
    const second = data[at + 1] ?? 0;
    if ((second & 0x40) !== 0) return true;
    const pid = ((second & 0x1f) << 8) | (data[at + 2] ?? 0);
    return this.#program.isTable(pid) || (this.#sizes.isOpen && pid === this.video?.pid);
  }

  /** `packet`: one aligned packet of 188 bytes; `now`: when it came, `performance.now()`. */
  push(packet: Buffer, now: number): PacketKind {
    const pid = packet.readUInt16BE(1) & 0x1fff;
    const isStart = (packet.readUInt8(1) & 0x40) !== 0;
    const isTable = this.#program.isTable(pid);
    if (!isStart && !isTable) return this.#takeRest(packet, pid);
    const payload = payloadOf(packet);
    if (payload.length === 0) return 'rest';
    if (!isTable) return this.#takePes(packet, pid, payload, now);
    this.#program.push(pid, packet, payload, isStart);
    return 'rest';
  }

  /** A packet in the middle of a PES packet: wanted only where a picture's first slice has not come yet. */
  #takeRest(packet: Buffer, pid: number): PacketKind {
    if (this.#sizes.isOpen && pid === this.video?.pid) this.#sizes.add(payloadOf(packet));
    return 'rest';
  }

  #takePes(packet: Buffer, pid: number, payload: Buffer, now: number): PacketKind {
    const isScrambled = (packet.readUInt8(3) & 0xc0) !== 0;
    if (isScrambled || payload.length < 9 || payload.readUIntBE(0, 3) !== 1) return 'rest';
    const video = this.video;
    if (pid === video?.pid) {
      const pts = ptsOf(payload);
      if (pts !== undefined) this.#clock.push(pts);
    }
    if (pid !== video?.pid && !this.#carried.has(pid)) this.#noteAudio(pid, payload);
    this.#carried.set(pid, { seconds: this.#clock.seconds, at: now });
    if (video === undefined || pid !== video.pid) return 'rest';
    const data = payload.subarray(9 + payload.readUInt8(8));
    const start = pictureStart(video.codec, data);
    this.#sizes.begin(video.codec, data);
    if (start.format !== undefined) this.#format = start.format;
    if (!isIndicated(packet) && !start.isRandomAccess) return 'picture';
    this.#noteKey();
    return 'random_access';
  }

  #noteKey(): void {
    const { seconds } = this.#clock;
    if (this.#keyAt !== undefined) this.#keySeconds = seconds - this.#keyAt;
    this.#keyAt = seconds;
  }

  #noteAudio(pid: number, payload: Buffer): void {
    if (audioHead(payload.subarray(9 + payload.readUInt8(8)))?.codec === MP3) this.#mp3.add(pid);
  }
}

/** RFC 6381, as audioHead() says it. */
const MP3 = 'mp4a.40.34';
/** FFmpeg's name of what stream types 3 and 4 may be. */
const isMpegAudio = ({ codec }: ElementaryStream): boolean => codec === 'mp2';

/** Empty when the packet has none or is marked as damaged (transport_error_indicator). */
function payloadOf(packet: Buffer): Buffer {
  const isDamaged = (packet.readUInt8(1) & 0x80) !== 0;
  const control = packet.readUInt8(3) & 0x30;
  if (isDamaged || (control & 0x10) === 0) return packet.subarray(0, 0);
  return packet.subarray(control & 0x20 ? Math.min(5 + packet.readUInt8(4), packet.length) : 4);
}

/** random_access_indicator (ISO 13818-1, 2.4.3.5). */
function isIndicated(packet: Buffer): boolean {
  const hasFlags = (packet.readUInt8(3) & 0x20) !== 0 && packet.readUInt8(4) > 0;
  return hasFlags && (packet.readUInt8(5) & 0x40) !== 0;
}

/** PTS in 90 kHz ticks (ISO 13818-1, 2.4.3.7). */
function ptsOf(payload: Buffer): number | undefined {
  const hasPts = payload.length >= 14 && (payload.readUInt8(7) & 0x80) !== 0;
  if (!hasPts) return undefined;
  const high = (payload.readUInt8(9) >> 1) & 0x07;
  return high * 2 ** 30 + (payload.readUInt16BE(10) >> 1) * 2 ** 15 + (payload.readUInt16BE(12) >> 1);
}
