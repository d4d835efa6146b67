import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { segmentFile } from '../playlist/streamFiles.ts';

const TS_PACKET = 188;

/** An epoch's folder as FFmpeg leaves it: segments, one of them still open, and a list of the latest. For tests. */
export async function writeSegments(
  dir: string,
  stem: string,
  numbers: { closed: readonly number[]; listed?: readonly number[]; open?: number; packets?: number },
): Promise<void> {
  const { closed, listed = closed, open, packets = 1 } = numbers;
  for (const number of closed)
    await writeFile(join(dir, segmentFile(stem, number)), Buffer.alloc(packets * TS_PACKET, number + 1));
  if (open !== undefined) await writeFile(join(dir, segmentFile(stem, open)), Buffer.alloc(TS_PACKET, open + 1));
  const entries = listed.map(number => `#EXTINF:1.000000,\n${segmentFile(stem, number)}`);
  const header = ['#EXTM3U', '#EXT-X-VERSION:3', `#EXT-X-MEDIA-SEQUENCE:${listed[0] ?? 0}`, '#EXT-X-TARGETDURATION:1'];
  await writeFile(join(dir, `${stem}.m3u8`), [...header, ...entries, ''].join('\n'));
}
