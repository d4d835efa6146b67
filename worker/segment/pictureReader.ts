import { type KeyFacts, KeyScan } from './keyScan.ts';
import { isRandomAccess, payloadStart } from './ts/packetHeader.ts';
import { pictureStart } from './ts/pictureStart.ts';
import { readPes } from './ts/readPes.ts';
import { packetBytes } from './ts/tsPackets.ts';

/** What a picture's first packet shows. */
export interface Picture {
  /** Raw: 33 bits. */
  pts: number;
  dts: number;
  isKey: boolean;
  /** Fingerprint of size and profile, where this packet has it. */
  format: string | undefined;
  payload: Buffer;
}

/** Reads pictures where they begin, and key frames up to their first slice. */
export class PictureReader {
  /** random_access_indicator came at least once: from then on nothing else counts. */
  #isIndicated = false;
  #scan: KeyScan | undefined;

  /** A key frame's head is not complete: `readOn` wants the video packets that follow. */
  get isReading(): boolean {
    return this.#scan !== undefined;
  }

  /** The picture whose PES packet begins in the packet at `at`; undefined: none with a timestamp does. */
  read(data: Buffer, at: number, codec: string | undefined): Picture | undefined {
    const end = at + packetBytes;
    const pes = readPes(data, payloadStart(data, at), end);
    if (pes?.pts === undefined || pes.dts === undefined) return undefined;
    const payload = data.subarray(pes.payloadAt, end);
    const isIndicated = isRandomAccess(data, at);
    this.#isIndicated ||= isIndicated;
    const { isRandomAccess: isByUnits, format } = pictureStart(codec ?? '', payload);
    return { pts: pes.pts, dts: pes.dts, isKey: isIndicated || (!this.#isIndicated && isByUnits), format, payload };
  }

  /** Begins with a key frame's head; the facts when they are all in its first packet. */
  startKey({ payload }: Picture): KeyFacts | undefined {
    this.#scan = new KeyScan();
    return this.#push(payload);
  }

  readOn(data: Buffer, at: number): KeyFacts | undefined {
    return this.#push(data.subarray(payloadStart(data, at), at + packetBytes));
  }

  /** The next picture begins: what the key frame's head has shown, if it was not complete. */
  endKey(): KeyFacts | undefined {
    const facts = this.#scan?.end();
    this.#scan = undefined;
    return facts;
  }

  #push(payload: Buffer): KeyFacts | undefined {
    const facts = this.#scan?.push(payload);
    if (facts !== undefined) this.#scan = undefined;
    return facts;
  }
}
