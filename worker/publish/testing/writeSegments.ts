import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { segmentFile } from '../playlist/streamFiles.ts';

const TS_PACKET = 188;

/** An epoch's folder as its writer leaves it: closed segments, and one that is still open. For tests. */
export async function writeSegments(
  dir: string,
  stem: string,
  numbers: { closed: readonly number[]; open?: number; packets?: number },
): Promise<void> {
  const { closed, open, packets = 1 } = numbers;
  for (const number of closed)
    await writeFile(join(dir, segmentFile(stem, number)), Buffer.alloc(packets * TS_PACKET, number + 1));
  if (open !== undefined)
    await writeFile(join(dir, `.${segmentFile(stem, open)}.part`), Buffer.alloc(TS_PACKET, open + 1));
}
