import { AppError } from '../../common/errors.ts';
import type { PictureSize } from '../segment/ts/pictureSize.ts';
import type { PacketKind, TsInspector } from '../segment/ts/tsInspector.ts';
import type { TranscodeLimits } from './transcodeLimits.ts';

/** The rate is counted over so many seconds of media. */
const countSeconds = 2;
/** A count is this much off for a rate that is just within the limit, since pictures are reordered. */
const tolerance = 1.1;

/** Judges each picture's size and the rate of pictures before FFmpeg gets them: both decide what decoding costs. */
export class PictureJudge {
  readonly #limits: Pick<TranscodeLimits, 'maxPixels' | 'maxFps'>;
  #judged: PictureSize | undefined;
  #from = 0;
  #pictures = 0;

  constructor(limits: Pick<TranscodeLimits, 'maxPixels' | 'maxFps'>) {
    this.#limits = limits;
  }

  /** To be asked after each packet that the inspector took: why the stream cannot be decoded here, `input_invalid`. */
  fault(inspector: TsInspector, kind: PacketKind): AppError | undefined {
    const size = inspector.pictureSize;
    const isNew = size !== this.#judged;
    this.#judged = size;
    return (isNew && size ? this.#judgeSize(size) : undefined) ?? this.#judgeCount(inspector.videoSeconds, kind);
  }

  #judgeSize({ width, height, frameRate = 0 }: PictureSize): AppError | undefined {
    const { maxPixels } = this.#limits;
    if (width * height <= maxPixels) return this.#judgeRate(frameRate);
    return new AppError(
      'input_invalid',
      `The encoder's picture is too large: ${width}x${height} are more than ${maxPixels} pixels (MAX_PIXELS). Send a smaller one`,
    );
  }

  #judgeRate(rate: number): AppError | undefined {
    const { maxFps } = this.#limits;
    if (rate <= maxFps * tolerance) return undefined;
    return new AppError(
      'input_invalid',
      `The encoder sends too many pictures: ${Math.round(rate)} a second are more than ${maxFps} (MAX_FPS). Send fewer`,
    );
  }

  #judgeCount(seconds: number, kind: PacketKind): AppError | undefined {
    if (kind === 'rest') return undefined;
    this.#pictures += 1;
    const counted = seconds - this.#from;
    if (counted < countSeconds) return undefined;
    const rate = this.#pictures / counted;
    this.#from = seconds;
    this.#pictures = 0;
    return this.#judgeRate(rate);
  }
}
