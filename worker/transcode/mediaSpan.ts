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
  /** Seconds of video when it was cut; undefined while it is open. */
  #until: number | undefined;
  #isCutByInputs = false;

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

  /** Seconds of video from its start to its cut, or up to now. */
  get videoSeconds(): number {
    return (this.#until ?? this.#videoSeconds()) - this.#from;
  }

  /** Whether it ended because the inputs changed, and not the media. */
  get isCutByInputs(): boolean {
    return this.#isCutByInputs;
  }

  /** False: it holds as much as it may. */
  add(packets: Buffer): boolean {
    return this.#until !== undefined || this.destroyed || packets.length === 0 || this.push(packets);
  }

  /** Nothing more comes. */
  cut(cause: 'inputs' | 'wanted' | 'end'): void {
    if (this.#until !== undefined) return;
    this.#until = this.#videoSeconds();
    this.#isCutByInputs = cause === 'inputs';
    this.push(null);
  }

  override _read(): void {
    this.#onWanted();
  }
}
