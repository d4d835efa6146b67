import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseMediaPlaylist } from '../playlist/parseMediaPlaylist.ts';
import { segmentFile, segmentNumber } from '../playlist/streamFiles.ts';
import type { Spool } from './spool.ts';

/**
 * A run's closed segment that still lies in the spool, whichever of its owners put it there: its path within the spool.
 * FFmpeg closes files in order, so one is closed when its epoch's list has come as far as its number.
 */
export async function findClosedFile(
  spool: Spool,
  run: { streamId: string; run: string },
  stem: string,
  number: number,
): Promise<string | undefined> {
  const folder = join(run.streamId, run.run);
  for (const epoch of await readdir(spool.path(folder)).catch(() => [])) {
    const file = join(folder, epoch, segmentFile(stem, number));
    if (!(await stat(spool.path(file)).catch(() => undefined))?.isFile()) continue;
    const list = await readFile(spool.path(join(folder, epoch, `${stem}.m3u8`)), 'utf8').catch(() => '');
    const last = parseMediaPlaylist(list)?.segments.at(-1);
    if (last && (segmentNumber(last.uri) ?? -1) >= number) return file;
  }
  return undefined;
}
