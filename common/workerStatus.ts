import { z } from 'zod';

/** What a worker says of itself with each heartbeat. */
export const workerStatus = z.object({
  /** `<node>-<random>`: one process. */
  id: z.string(),
  node: z.string(),
  /** The address in its SRT URLs. */
  address: z.string(),
  version: z.string(),
  /** Its start, ms since 1970. */
  since: z.number(),
  /** Streams that it may run, and runs. */
  slots: z.number(),
  streams: z.number(),
  draining: z.boolean(),
  /** Why it takes no streams although it has slots; undefined: it takes them. */
  busy: z.string().optional(),
  load: z.object({
    /** The host's load average of a minute, for each of its cores. */
    cpu: z.number(),
    /** 99th percentile of the event loop's delay over the last seconds (ms). */
    eventLoopMs: z.number(),
    /** Seconds of media made per second by the slowest encode; undefined without any. */
    slowestEncode: z.number().optional(),
    /** Free on the spool's disk. */
    spoolFreeBytes: z.number(),
  }),
});

export type WorkerStatus = z.infer<typeof workerStatus>;

/** Whether a waiting stream may expect this worker to take it. */
export const takesStreams = ({ draining, busy, streams, slots }: WorkerStatus): boolean =>
  !draining && busy === undefined && streams < slots;
