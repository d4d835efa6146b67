const startCode = Buffer.from([0, 0, 1]);
const slice = 1;
const idrSlice = 5;
const kept = [7, 8];
/** Parameter sets and SEI in front of the first slice; what is longer is not waited for. */
const mostBytes = 8_192;

/** The latest SPS and PPS of an H.264 stream, with their start codes, from the heads of its key frames. */
export class ParameterSets {
  #bytes: Buffer | undefined;
  #latest: Buffer = Buffer.alloc(0);

  /** Empty: none was seen yet. */
  get latest(): Buffer {
    return this.#latest;
  }

  /** A key frame's payload begins. */
  begin(payload: Buffer): void {
    this.#bytes = Buffer.alloc(0);
    this.add(payload);
  }

  /** The payload goes on, maybe with a further packet of the same picture. */
  add(payload: Buffer): void {
    if (this.#bytes === undefined) return;
    this.#bytes = Buffer.concat([this.#bytes, payload]);
    this.#read(this.#bytes);
  }

  /** Takes them when the first slice has come. */
  #read(bytes: Buffer): void {
    const units: Buffer[] = [];
    for (let at = bytes.indexOf(startCode); at >= 0 && at + 3 < bytes.length; ) {
      const type = bytes.readUInt8(at + 3) & 0x1f;
      const next = bytes.indexOf(startCode, at + 3);
      if (type === slice || type === idrSlice) {
        if (units.length > 0) this.#latest = Buffer.concat(units);
        this.#bytes = undefined;
        return;
      }
      if (kept.includes(type) && next >= 0) units.push(unit(bytes.subarray(at + 3, next)));
      at = next;
    }
    if (bytes.length >= mostBytes) this.#bytes = undefined;
  }
}

/** A unit behind a start code of four bytes. A zero at its end belongs to the start code that follows it. */
function unit(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return Buffer.concat([Buffer.from([0, 0, 0, 1]), bytes.subarray(0, end)]);
}
