import type { Redis } from 'ioredis';
import type { EntryParser } from '../redis/entryParser.ts';
import { keys } from '../redis/keys.ts';
import { type MetricSnapshot, metricSnapshot } from './metricSnapshot.ts';

/** The metrics of these processes, in their order. Undefined: it has written none yet, or none that parse. */
export async function readSnapshots(
  redis: Redis,
  ids: readonly string[],
  entries: EntryParser,
): Promise<(MetricSnapshot | undefined)[]> {
  if (ids.length === 0) return [];
  const texts = await redis.mget(ids.map(keys.metrics));
  return texts.map((text, i) =>
    text === null ? undefined : entries.parse('metrics', ids[i] ?? '', () => metricSnapshot.parse(JSON.parse(text))),
  );
}
