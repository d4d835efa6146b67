import { Readable } from 'node:stream';
import type { Inputs } from './chooseInputs.ts';

/** The media of one FFmpeg process: PAT and PMT, then everything from a random access point on up to the next cut. */
export class MediaSpan extends Readable {
  readonly inputs: Inputs;
  /** Wall clock, ms, of its first picture's arrival. */
  readonly startedAt: number;
  readonly #onWanted: () => void;
  readonly #videoSeconds: () => number;
  readonly #from: number;
  #isCut = false;

  constructor(options: {
    inputs: Inputs;
    startedAt: number;
    heldBytes: number;
    /** Called when there is room again. */
    onWanted: () => void;
    /** Seconds of video that came in all. */
    videoSeconds: () => number;
  }) {
    super({ highWaterMark: options.heldBytes });
    this.inputs = options.inputs;
    this.startedAt = options.startedAt;
    this.#onWanted = options.onWanted;
    this.#videoSeconds = options.videoSeconds;
    this.#from = options.videoSeconds();
  }

  /** Seconds of video since its start. */
  get videoSeconds(): number {
    return this.#videoSeconds() - this.#from;
  }

  /** False: it holds as much as it may. */
  add(packets: Buffer): boolean {
    return this.#isCut || this.destroyed || packets.length === 0 || this.push(packets);
  }

  /** Nothing more comes. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.push(null);
  }

  override _read(): void {
    this.#onWanted();
  }
}
