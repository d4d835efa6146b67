import { parseSps, type SpsInfo } from './ts/parseSps.ts';

const startCode = Buffer.from([0, 0, 1]);
const slice = 1;
const idrSlice = 5;
const spsType = 7;
/** Parameter sets and SEI in front of the first slice; what is longer is not waited for. */
const mostBytes = 8_192;

/** What a key frame shows up to its first slice. */
export interface KeyFacts {
  sps: SpsInfo | undefined;
  /** False: an I picture of an open GOP or of an intra refresh; what comes after it may need what came before. */
  isIdr: boolean;
}

/** Reads an H.264 key frame's head from its PES payload, which comes packet by packet. */
export class KeyScan {
  #bytes: Buffer = Buffer.alloc(0);

  /** The facts, when the first slice was reached or the limit was; else undefined: push the next packet's payload. */
  push(payload: Buffer): KeyFacts | undefined {
    this.#bytes = Buffer.concat([this.#bytes, payload]);
    return this.#read(this.#bytes.length >= mostBytes);
  }

  /** The picture ended. */
  end(): KeyFacts {
    return this.#read(true) ?? { sps: undefined, isIdr: false };
  }

  #read(isLast: boolean): KeyFacts | undefined {
    let sps: SpsInfo | undefined;
    const bytes = this.#bytes;
    for (let at = bytes.indexOf(startCode); at >= 0 && at + 3 < bytes.length; ) {
      const type = bytes.readUInt8(at + 3) & 0x1f;
      const next = bytes.indexOf(startCode, at + 3);
      if (type === slice || type === idrSlice) return { sps, isIdr: type === idrSlice };
      if (type === spsType && next >= 0) sps = parseSps(bytes.subarray(at + 3, next)) ?? sps;
      at = next;
    }
    return isLast ? { sps, isIdr: false } : undefined;
  }
}
