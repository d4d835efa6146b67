import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '../../../common/createLogger.ts';
import type { LedgerEntry } from '../playlist/ledger.ts';
import { findClosedFile } from '../spool/findClosedFile.ts';
import type { Spool } from '../spool/spool.ts';
import { headers } from '../store/headers.ts';
import type { ObjectStore } from '../store/objectStore.ts';
import { putFile } from '../store/putFile.ts';

const AT_A_TIME = 8;

export interface MissingSegment {
  rendition: number;
  number: number;
  key: string;
}

interface HealOptions {
  store: ObjectStore;
  fences: boolean;
  spool: Spool;
  streamId: string;
  run: string;
  stems: readonly string[];
  signal: AbortSignal;
  log: Logger;
}

/**
 * Tries what is missing in a recording once more: stores it from the spool, or finds that it is in the store by now.
 * Calls `onHealed` for each; `fromSpool` when the spool still had it. Never rejects.
 */
export async function healGaps(
  options: HealOptions,
  entries: readonly LedgerEntry[],
  onHealed: (segment: MissingSegment, fromSpool: boolean) => void,
): Promise<void> {
  const missing = entries.flatMap(({ number, segments }) =>
    segments.flatMap((segment, rendition): MissingSegment[] =>
      segment && segment.state !== 'stored' ? [{ rendition, number, key: segment.key }] : [],
    ),
  );
  const origins = new Set<string>();
  for (let i = 0; i < missing.length && !options.signal.aborted; i += AT_A_TIME) {
    await Promise.all(missing.slice(i, i + AT_A_TIME).map(segment => heal(options, segment, origins, onHealed)));
  }
  for (const origin of origins) await removeIfDone(options, origin);
}

async function heal(
  options: HealOptions,
  segment: MissingSegment,
  origins: Set<string>,
  onHealed: (segment: MissingSegment, fromSpool: boolean) => void,
): Promise<void> {
  const { store, fences, spool, signal, log } = options;
  try {
    const file = await findClosedFile(spool, options, options.stems[segment.rendition] ?? '', segment.number);
    if (file === undefined) {
      if (await store.head(segment.key, { signal })) onHealed(segment, false);
      return;
    }
    await putFile({ store, spool, fences }, { key: segment.key, file, ...headers.segment }, signal);
    onHealed(segment, true);
    origins.add(dirname(file));
    await spool.removeFile(file);
  } catch (error) {
    log.warn({ err: error, key: segment.key }, 'a gap of the recording not filled; retry follows');
  }
}

/** An epoch's folder goes with the last file that waited in it. */
async function removeIfDone({ spool, log }: HealOptions, origin: string): Promise<void> {
  try {
    const files = await readdir(spool.path(origin));
    if (!files.some(file => file.endsWith('.ts'))) await spool.removeEpoch(origin);
  } catch (error) {
    log.debug({ err: error, origin }, 'stored segment not removed from the spool; the sweep removes it');
  }
}
