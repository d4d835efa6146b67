import { PesQueue } from './pesQueue.ts';
import { insertInPicture } from './ts/insertInPicture.ts';
import { payloadStart } from './ts/packetHeader.ts';
import { ParameterSets } from './ts/parameterSets.ts';
import { packetBytes } from './ts/tsPackets.ts';
import type { Program } from './ts/tsProgram.ts';

/**
 * The container of parts: MPEG-TS in which a player can begin with each part. Every part begins with PAT and PMT, which the
 * segmenter writes; its first picture has SPS and PPS, so that a transmuxer that sees this part alone knows the format; and
 * PES packets of sound are whole. Another container is another class with these methods.
 */
export class TsParts {
  readonly #queue = new PesQueue();
  readonly #sets = new ParameterSets();
  #videoPid: number | undefined;
  #audioPids: readonly number[] = [];
  /** Of the picture that comes next. */
  #picture: { isKey: boolean; wantsSets: boolean } | undefined;
  #isPictureWhole = false;
  /** So many video packets were added: the counters of those that follow go up by it. */
  #added = 0;

  /** The latest picture has certainly all its packets: the last one is filled up (ISO 13818-1, 2.4.3.5). Most pictures end so. */
  get isPictureWhole(): boolean {
    return this.#isPictureWhole;
  }

  setProgram({ streams }: Program): void {
    const isH264 = (codec: string): boolean => codec === 'h264';
    this.#videoPid = streams.find(({ kind, codec }) => kind === 'video' && isH264(codec))?.pid;
    this.#audioPids = streams.filter(({ kind }) => kind === 'audio').map(({ pid }) => pid);
  }

  /** A picture comes next. `beginsPart`: a part begins with it. */
  startPicture({ isKey, beginsPart }: { isKey: boolean; beginsPart: boolean }): void {
    this.#picture = { isKey, wantsSets: beginsPart && !isKey };
  }

  /** Packets of a segment, as the segmenter made them. Returns what goes into the open part, in order. */
  push(segment: number, packets: Buffer): readonly Buffer[] {
    // A copy: counters are written anew.
    const data = Buffer.from(packets);
    const out: Buffer[] = [];
    let from = 0;
    for (let at = 0; at < data.length; at += packetBytes) {
      const pid = data.readUInt16BE(at + 1) & 0x1fff;
      const packet = data.subarray(at, at + packetBytes);
      const replaced = pid === this.#videoPid ? this.#video(packet) : this.#audio(pid, segment, packet);
      if (replaced === undefined) continue;
      if (at > from) out.push(data.subarray(from, at));
      out.push(...replaced);
      from = at + packetBytes;
    }
    if (from < data.length) out.push(data.subarray(from));
    return out;
  }

  /** The segment ends. Returns what of it was held back. */
  flush(segment: number): readonly Buffer[] {
    return this.#queue.flush(segment);
  }

  #audio(pid: number, segment: number, packet: Buffer): readonly Buffer[] | undefined {
    return this.#audioPids.includes(pid) ? this.#queue.push(pid, segment, packet) : undefined;
  }

  /** Undefined: the packet goes where it is. */
  #video(packet: Buffer): readonly Buffer[] | undefined {
    const control = packet.readUInt8(3);
    packet[3] = (control & 0xf0) | ((control + this.#added) & 0xf);
    this.#isPictureWhole = isFilledUp(packet);
    const picture = this.#picture;
    const isStart = (packet.readUInt8(1) & 0x40) !== 0;
    const payload = packet.subarray(payloadStart(packet, 0));
    if (!isStart || picture === undefined) {
      this.#sets.add(payload);
      return undefined;
    }
    this.#picture = undefined;
    if (picture.isKey) this.#sets.begin(payload);
    const sets = this.#sets.latest;
    const longer = picture.wantsSets && sets.length > 0 ? insertInPicture(packet, sets) : undefined;
    if (longer !== undefined) this.#added += longer.length / packetBytes - 1;
    return longer && [longer];
  }
}

/** Whether its adaptation field has stuffing: it has more bytes than its flags and clocks take, or is there for nothing else. */
function isFilledUp(packet: Buffer): boolean {
  if ((packet.readUInt8(3) & 0x20) === 0) return false;
  const length = packet.readUInt8(4);
  const flags = length > 0 ? packet.readUInt8(5) : 0;
  return flags === 0 || length > 1 + (flags & 0x10 ? 6 : 0) + (flags & 0x08 ? 6 : 0);
}
