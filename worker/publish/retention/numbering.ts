import { z } from 'zod';
import type { RetentionJob } from '../../../common/redis/queues.ts';
import type { Ledger } from '../playlist/ledger.ts';
import type { ObjectStore } from '../store/objectStore.ts';

const numbering = z.object({
  nextNumber: z.number(),
  nextMediaSequence: z.number(),
  discontinuitySequence: z.number(),
});

/** Where a stream id's next run goes on. */
export type Numbering = z.infer<typeof numbering>;

/** No stream id holds a dot, so this is no stream's folder. */
const keyOf = (streamId: string): string => `livetran.numbers/${streamId}`;

interface Signal {
  signal?: AbortSignal;
}

/**
 * Notes a stream id's last segment number before the objects that show it are deleted: a name that CDNs hold for a year
 * must not come again with other bytes (invariant I3). Some 80 bytes that stay in the store.
 */
export async function keepNumbering(store: ObjectStore, job: RetentionJob, options: Signal = {}): Promise<void> {
  const known = await readNumbering(store, job.streamId, options);
  const next: Numbering = {
    nextNumber: Math.max(job.nextNumber, known?.nextNumber ?? 0),
    nextMediaSequence: Math.max(job.nextMediaSequence, known?.nextMediaSequence ?? 0),
    discontinuitySequence: Math.max(job.discontinuitySequence, known?.discontinuitySequence ?? 0),
  };
  if (JSON.stringify(next) === JSON.stringify(known)) return;
  const headers = { contentType: 'application/json', cacheControl: 'no-store' };
  await store.put(keyOf(job.streamId), JSON.stringify(next), { ...headers, ...options });
}

/** Undefined when nothing of the id was ever deleted. */
export async function readNumbering(
  store: Pick<ObjectStore, 'get'>,
  streamId: string,
  options: Signal = {},
): Promise<Numbering | undefined> {
  const object = await store.get(keyOf(streamId), options);
  return object && numbering.parse(JSON.parse(object.body.toString('utf8')));
}

/** The ledger beyond a numbering. Entries that do not lead up to it are of before it: they cannot be continued. */
export function goBeyond(ledger: Ledger, known: Numbering): Ledger {
  const behind = ledger.nextMediaSequence < known.nextMediaSequence;
  return {
    ...ledger,
    nextNumber: Math.max(ledger.nextNumber, known.nextNumber),
    nextMediaSequence: Math.max(ledger.nextMediaSequence, known.nextMediaSequence),
    discontinuitySequence: Math.max(ledger.discontinuitySequence, known.discontinuitySequence),
    entries: behind ? [] : ledger.entries,
  };
}
