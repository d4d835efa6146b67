import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { segmentFile } from '../playlist/streamFiles.ts';
import type { Spool } from './spool.ts';
import { readEpoch } from './spooledEpochs.ts';

/** The path within the spool of a run's closed segment, in the folder of any owner of the run; undefined when there is none. */
export async function findClosedFile(
  spool: Spool,
  run: { streamId: string; run: string },
  stem: string,
  number: number,
): Promise<string | undefined> {
  const wanted = segmentFile(stem, number);
  const folder = join(run.streamId, run.run);
  const names = await readdir(spool.path(folder)).catch(() => []);
  for (const name of names.filter(each => each.endsWith('.json'))) {
    const origin = join(folder, name.slice(0, -'.json'.length));
    const epoch = await readEpoch(spool.dir, origin);
    if (epoch?.closed.some(file => file.name === wanted)) return join(origin, wanted);
  }
  return undefined;
}
