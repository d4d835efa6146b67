import { z } from 'zod';
import { streamProfile } from '../stream/streamProfile.ts';

/** What a worker process has done since it began. */
const workerTotals = z.object({
  /** Segments of all renditions that came into a served playlist with their media, */
  segmentsListed: z.number(),
  /** and how long that took since FFmpeg had closed them, all together (ms). */
  listingMs: z.number(),
  /** Segments that viewers had to do without: EXT-X-GAP. */
  gapsListed: z.number(),
  /** PUTs of segments that failed; most succeed at the next attempt. */
  putsFailed: z.number(),
  /** Closed segments that left the spool without being stored. */
  segmentsDropped: z.number(),
  /** Jobs, entries and messages in Redis that do not parse and were skipped. Absent of an older worker. */
  valuesSkipped: z.number().default(0),
  /** How often a source could not be passed on and was transcoded. Absent of an older worker. */
  fallbacks: z.number().default(0),
});

export type WorkerTotals = z.infer<typeof workerTotals>;

/** What a worker says of itself with each heartbeat. */
export const workerStatus = z.object({
  /** `<node>-<random>`: one process. */
  id: z.string(),
  node: z.string(),
  /** The address in its SRT URLs. */
  address: z.string(),
  version: z.string(),
  /** Where APIs reach its origin for low latency, `http://host:port` (HTTP/2, cleartext); undefined: it has none. */
  origin: z.url({ protocol: /^http$/ }).optional(),
  /** Its start, ms since 1970. */
  since: z.number().min(0).max(8.64e15),
  /** Its units (WORKER_STREAMS), and the streams that it runs. */
  slots: z.number(),
  streams: z.number(),
  /** Units that these take, and how many there are of each profile. Absent of an older worker: each takes one. */
  used: z.number().optional(),
  profiles: z.partialRecord(streamProfile, z.number()).optional(),
  /** It has no room for any stream, or for the one that waits longest. Absent of an older worker. */
  full: z.boolean().optional(),
  /** It takes no new streams: it is to stop, or an operator has drained it. */
  draining: z.boolean(),
  /** Why streams of a drained worker stay on it; undefined: they do not. */
  staying: z.string().optional(),
  /** Why it takes no streams although it has slots; undefined: it takes them. */
  busy: z.string().optional(),
  load: z.object({
    /** The host's load average of a minute, for each of its cores. */
    cpu: z.number(),
    /** 99th percentile of the event loop's delay over the last seconds (ms). */
    eventLoopMs: z.number(),
    /** Seconds of media made per second by the slowest encode; undefined without any. */
    slowestEncode: z.number().optional(),
    /** Seconds of media that wait for the encode that is furthest behind; undefined without any. */
    behindSeconds: z.number().optional(),
    /** Free on the spool's disk. */
    spoolFreeBytes: z.number(),
    /** In the spool, and SPOOL_MAX_BYTES. Absent of an older worker. */
    spoolUsedBytes: z.number().optional(),
    spoolMaxBytes: z.number().optional(),
  }),
  /** Undefined: of a worker that is older than this field. */
  totals: workerTotals.optional(),
});

export type WorkerStatus = z.infer<typeof workerStatus>;

/** A worker as the registry lists it: what it says of itself, and what an operator wants of it. */
export type ListedWorker = WorkerStatus & {
  /** It takes no new streams, and has none left. */
  isDrained: boolean;
  /** An operator has drained it, or its node; undefined: neither. */
  drainedBy?: 'worker' | 'node';
  /** It was drained and has not noticed yet, so it may still take a stream. */
  isUnaware?: true;
};

/** Whether a waiting stream may expect this worker to take it. */
export const takesStreams = ({ draining, busy, streams, slots, full }: WorkerStatus): boolean =>
  !draining && busy === undefined && !(full ?? streams >= slots);
