import type { AudioInfo } from './segment.ts';

const adtsRates = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];
/** By MPEG version (ISO 11172-3, 13818-3): 1, 2, 2.5. */
const mpegRates: Readonly<Record<number, readonly number[]>> = {
  3: [44_100, 48_000, 32_000],
  2: [22_050, 24_000, 16_000],
  0: [11_025, 12_000, 8_000],
};
const layer3 = 1;

/** The format that the first audio header in a PES payload states: AAC in ADTS (ISO 13818-7, 6.2) or MP3. */
export function audioHead(payload: Buffer): AudioInfo | undefined {
  for (let at = payload.indexOf(0xff); at >= 0 && at + 4 <= payload.length; at = payload.indexOf(0xff, at + 1)) {
    const found = headAt(payload.readUInt32BE(at));
    if (found !== undefined) return found;
  }
  return undefined;
}

function headAt(head: number): AudioInfo | undefined {
  if (head >>> 21 !== 0x7ff) return undefined;
  const layer = (head >> 17) & 3;
  if (layer === 0) {
    const sampleRate = (head >> 20) & 1 ? adtsRates[(head >> 10) & 0xf] : undefined;
    return sampleRate === undefined ? undefined : { codec: `mp4a.40.${((head >> 14) & 3) + 1}`, sampleRate };
  }
  const sampleRate = layer === layer3 ? mpegRates[(head >> 19) & 3]?.[(head >> 10) & 3] : undefined;
  return sampleRate === undefined ? undefined : { codec: 'mp4a.40.34', sampleRate };
}
