import { Readable } from 'node:stream';
import { payloadStart } from '../segment/ts/packetHeader.ts';
import { readPes } from '../segment/ts/readPes.ts';
import { packetBytes } from '../segment/ts/tsPackets.ts';
import type { Inputs } from './chooseInputs.ts';

/** The media of one FFmpeg process: PAT and PMT, then everything from a random access point on up to the next cut. */
export class MediaSpan extends Readable {
  readonly inputs: Inputs;
  /** Wall clock, ms, of its first picture's arrival. */
  readonly startedAt: number;
  readonly #onWanted: () => void;
  readonly #videoSeconds: () => number;
  readonly #from: number;
  /** Seconds of video when it was cut; undefined while it is open. */
  #until: number | undefined;
  #isCutByInputs = false;
  readonly #jumps: () => number;
  readonly #jumpsBefore: number;
  /** It was steady when it was cut. */
  #stayedSteady: boolean | undefined;
  #firstPts: number | undefined;

  constructor(options: {
    inputs: Inputs;
    startedAt: number;
    heldBytes: number;
    /** Called when there is room again. */
    onWanted: () => void;
    /** Seconds of video that came in all. */
    videoSeconds: () => number;
    /** How often timestamps have jumped in all. */
    jumps: () => number;
  }) {
    super({ highWaterMark: options.heldBytes });
    this.inputs = options.inputs;
    this.startedAt = options.startedAt;
    this.#onWanted = options.onWanted;
    this.#videoSeconds = options.videoSeconds;
    this.#from = options.videoSeconds();
    this.#jumps = options.jumps;
    this.#jumpsBefore = options.jumps();
  }

  /** Seconds of video from its start to its cut, or up to now. */
  get videoSeconds(): number {
    return (this.#until ?? this.#videoSeconds()) - this.#from;
  }

  /** Whether it ended because the inputs changed, and not the media. */
  get isCutByInputs(): boolean {
    return this.#isCutByInputs;
  }

  /** PTS of its first picture, 33 bits; undefined: none came yet, or it has none. */
  get firstPts(): number | undefined {
    return this.#firstPts;
  }

  /** Whether its timestamps have gone on without a jump so far. */
  get isSteady(): boolean {
    return this.#stayedSteady ?? this.#jumps() === this.#jumpsBefore;
  }

  /** False: it holds as much as it may. */
  add(packets: Buffer): boolean {
    this.#firstPts ??= firstPts(packets, this.inputs.video.pid);
    return this.#until !== undefined || this.destroyed || packets.length === 0 || this.push(packets);
  }

  /** Nothing more comes. */
  cut(cause: 'inputs' | 'wanted' | 'end'): void {
    if (this.#until !== undefined) return;
    this.#until = this.#videoSeconds();
    this.#stayedSteady = this.isSteady;
    this.#isCutByInputs = cause === 'inputs';
    this.push(null);
  }

  override _read(): void {
    this.#onWanted();
  }
}

function firstPts(packets: Buffer, pid: number): number | undefined {
  for (let at = 0; at < packets.length; at += packetBytes) {
    const head = packets.readUInt16BE(at + 1);
    if ((head & 0x1fff) !== pid || (head & 0x4000) === 0) continue;
    const pts = readPes(packets, payloadStart(packets, at), at + packetBytes)?.pts;
    if (pts !== undefined) return pts;
  }
  return undefined;
}
