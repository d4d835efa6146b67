import { z } from 'zod';
import { streamProfile } from '../../common/stream/streamProfile.ts';
import type { ListedWorker } from '../../common/workers/workerStatus.ts';

/** A worker as the resource API shows it. Times are ISO 8601; what there is none of is null. */
export const workerView = z
  .object({
    id: z.string().meta({ description: '`<node>-<random>`: one process.' }),
    node: z.string(),
    address: z.string().meta({ description: 'The address in its SRT URLs.' }),
    version: z.string(),
    slots: z.number().meta({ description: 'Its units (WORKER_STREAMS).' }),
    streams: z.number(),
    units_used: z.number().meta({ description: 'The units that its streams take (docs/profiles.md).' }),
    profiles: z.partialRecord(streamProfile, z.number()).nullable().meta({ description: 'Its streams by profile.' }),
    full: z.boolean(),
    draining: z.boolean().meta({ description: 'It takes no new streams: it was drained, or it is to stop.' }),
    drained: z.boolean().meta({ description: 'It is draining, and has no stream left.' }),
    drained_by: z
      .enum(['worker', 'node'])
      .nullable()
      .meta({ description: 'What an operator has drained: the worker, or its whole node.' }),
    staying: z.string().nullable().meta({ description: 'Why streams of a drained worker stay on it.' }),
    busy: z.string().nullable().meta({ description: 'Why it takes no streams although it has room.' }),
    since: z.iso.datetime(),
    load: z.object({
      cpu: z.number().meta({ description: "The host's load average of a minute, for each core." }),
      event_loop_ms: z.number(),
      slowest_encode: z.number().nullable().meta({ description: 'Seconds of media per second.' }),
      behind_seconds: z.number().nullable().meta({ description: 'Media that waits for the slowest encode.' }),
      spool_free_bytes: z.number().meta({ description: "Free on the spool's disk." }),
      spool_used_bytes: z.number().nullable(),
      spool_max_bytes: z.number().nullable().meta({ description: 'SPOOL_MAX_BYTES.' }),
    }),
    totals: z
      .object({
        segments_listed: z.number(),
        listing_ms: z.number(),
        gaps_listed: z.number(),
        puts_failed: z.number(),
        segments_dropped: z.number(),
        values_skipped: z.number(),
        fallbacks: z.number(),
      })
      .nullable()
      .meta({ description: 'Counts since it began.' }),
  })
  .meta({ id: 'Worker' });

export type WorkerView = z.output<typeof workerView>;

/** A worker as the resource API shows it. */
export function viewWorker(listed: ListedWorker): WorkerView {
  const { load, since, busy, totals, used, profiles, full, isDrained, drainedBy, staying } = listed;
  const { id, node, address, version, slots, streams, draining } = listed;
  return {
    ...{ id, node, address, version, slots, streams, draining },
    units_used: used ?? streams,
    profiles: profiles ?? null,
    full: full ?? streams >= slots,
    drained: isDrained,
    drained_by: drainedBy ?? null,
    staying: staying ?? null,
    busy: busy ?? null,
    since: new Date(since).toISOString(),
    load: {
      cpu: round(load.cpu),
      event_loop_ms: round(load.eventLoopMs),
      slowest_encode: load.slowestEncode === undefined ? null : round(load.slowestEncode),
      behind_seconds: load.behindSeconds === undefined ? null : round(load.behindSeconds),
      spool_free_bytes: load.spoolFreeBytes,
      spool_used_bytes: load.spoolUsedBytes ?? null,
      spool_max_bytes: load.spoolMaxBytes ?? null,
    },
    totals: totals
      ? {
          segments_listed: totals.segmentsListed,
          listing_ms: Math.round(totals.listingMs),
          gaps_listed: totals.gapsListed,
          puts_failed: totals.putsFailed,
          segments_dropped: totals.segmentsDropped,
          values_skipped: totals.valuesSkipped,
          fallbacks: totals.fallbacks,
        }
      : null,
  };
}

const round = (value: number): number => Math.round(value * 100) / 100;
