import { type PictureSize, pictureSize } from './pictureSize.ts';
import { unitsOf } from './pictureStart.ts';

/** So much of a picture is read for its size. x264 puts about 800 bytes before the first slice. */
const maxBytes = 8_192;
/** So many units with a size are parsed in one picture; encoders send one. */
const maxUnits = 4;
const startCode = Buffer.from([0, 0, 1]);

/** Reads the size of the pictures from what comes before their first slice, which may span packets. */
export class PictureSizes {
  readonly #bytes = Buffer.alloc(maxBytes);
  #length = 0;
  #at = 0;
  #codec = '';
  #units = 0;
  #isOpen = false;
  /** Of the picture that is read: parsed already. */
  #largest: PictureSize | undefined;
  #unit = Buffer.alloc(0);
  #ofUnit: PictureSize | undefined;
  #latest: PictureSize | undefined;

  /** The latest size that a picture came with, the largest when it came with more. The same object as long as it is equal. */
  get latest(): PictureSize | undefined {
    return this.#latest;
  }

  /** Whether the packets that follow are wanted. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Begins a picture with the payload of its first PES packet. */
  begin(codec: string, payload: Buffer): void {
    this.#codec = codec;
    this.#length = 0;
    this.#at = 0;
    this.#units = 0;
    this.#largest = undefined;
    this.#isOpen = unitsOf[codec] !== undefined;
    if (this.#isOpen) this.add(payload);
  }

  add(payload: Buffer): void {
    this.#length += payload.copy(this.#bytes, this.#length);
    const data = this.#bytes.subarray(0, this.#length);
    while (this.#isOpen && this.#next(data));
    if (this.#length === maxBytes) this.#isOpen = false;
  }

  /** Takes the next unit; false: it is not whole yet. */
  #next(data: Buffer): boolean {
    const units = unitsOf[this.#codec];
    const start = data.indexOf(startCode, this.#at);
    const kind = start < 0 ? undefined : data[start + 3];
    if (units === undefined || kind === undefined) return false;
    this.#at = start;
    if (units.isSlice(kind)) this.#isOpen = false;
    if (!this.#isOpen) return false;
    const end = data.indexOf(startCode, start + 3);
    if (units.hasSize(kind) && !this.#take(data.subarray(start + 3, end < 0 ? undefined : end)) && end < 0)
      return false;
    if (end < 0) this.#at = start + 3;
    else this.#at = end;
    return true;
  }

  /** Whether the size could be read. */
  #take(unit: Buffer): boolean {
    if (!this.#unit.equals(unit)) {
      const size = pictureSize(this.#codec, unit);
      if (size === undefined) return false;
      this.#unit = Buffer.from(unit);
      this.#ofUnit = size;
    }
    const size = this.#ofUnit;
    if (size !== undefined && pixels(size) >= pixels(this.#largest)) this.#largest = size;
    if (!isEqual(this.#largest, this.#latest)) this.#latest = this.#largest;
    this.#units += 1;
    if (this.#units === maxUnits) this.#isOpen = false;
    return true;
  }
}

const pixels = (size: PictureSize | undefined): number => (size ? size.width * size.height : -1);

const isEqual = (a: PictureSize | undefined, b: PictureSize | undefined): boolean =>
  isSameArea(a, b) && isSameArea(a?.shown, b?.shown) && a?.frameRate === b?.frameRate;

const isSameArea = (a: PictureSize['shown'] | undefined, b: PictureSize['shown'] | undefined): boolean =>
  a?.width === b?.width && a?.height === b?.height;
