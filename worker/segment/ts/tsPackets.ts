export const packetBytes = 188;
const syncByte = 0x47;
/** So many sync bytes in a row are taken as MPEG-TS; a single 0x47 turns up in any data. */
const syncRun = 3;

/** Cuts a byte stream that is aligned to nothing into whole MPEG-TS packets (ISO 13818-1, 2.4.3.2); garbage is skipped. */
export class TsPackets {
  #rest: Buffer = Buffer.alloc(0);
  #locked = false;

  /** The packets that `chunk` completed, back to back in one buffer (188 bytes each). */
  push(chunk: Buffer): Buffer {
    const runs: Buffer[] = [];
    this.each(chunk, run => runs.push(run));
    const [only, ...others] = runs;
    if (only === undefined) return Buffer.alloc(0);
    return others.length > 0 ? Buffer.concat(runs) : only;
  }

  /** The same as runs of packets; only the packet that began in an earlier chunk is copied. */
  each(chunk: Buffer, take: (packets: Buffer) => void): void {
    const data = this.#join(chunk, take);
    let at = 0;
    for (;;) {
      if (!this.#locked) {
        at = findSync(data, at);
        this.#locked = hasRun(data, at, syncRun);
        if (!this.#locked) break;
      }
      const end = endOfRun(data, at);
      if (end > at) take(data.subarray(at, end));
      at = end;
      if (data.length - at < packetBytes) break;
      this.#locked = false;
    }
    this.#rest = data.subarray(at);
  }

  #join(chunk: Buffer, take: (packets: Buffer) => void): Buffer {
    const rest = this.#rest;
    if (rest.length === 0) return chunk;
    const missing = packetBytes - rest.length;
    const isPacket = this.#locked && rest[0] === syncByte && missing > 0 && chunk.length >= missing;
    if (!isPacket) return Buffer.concat([rest, chunk]);
    take(Buffer.concat([rest, chunk.subarray(0, missing)]));
    return chunk.subarray(missing);
  }
}

/** The first place from `from` on where packets seem to start. */
function findSync(data: Buffer, from: number): number {
  for (let at = from; at < data.length; at++) {
    if (data[at] === syncByte && isRunSoFar(data, at)) return at;
  }
  return data.length;
}

function isRunSoFar(data: Buffer, at: number): boolean {
  for (let i = 0; i < syncRun; i++) {
    const next = at + i * packetBytes;
    if (next < data.length && data[next] !== syncByte) return false;
  }
  return true;
}

function hasRun(data: Buffer, at: number, packets: number): boolean {
  return at + (packets - 1) * packetBytes < data.length && isRunSoFar(data, at);
}

function endOfRun(data: Buffer, at: number): number {
  let end = at;
  while (end + packetBytes <= data.length && data[end] === syncByte) end += packetBytes;
  return end;
}
