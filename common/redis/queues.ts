import { type JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { streamId } from '../stream/streamId.ts';
import { traceparent } from '../tracing/traceparent.ts';
import { fields } from './fields.ts';

/** A run's name. */
const run = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 . _ -');
/** A file's or an object's name with its folders: relative, and nowhere above them. */
const path = z
  .string()
  .min(1)
  .max(1_024)
  .refine(text => !/^[/\\]|(^|[/\\])\.\.?([/\\]|$)|\0/.test(text), {
    error: 'must be a relative path without . and ..',
  });
const header = z.string().regex(/^[\x20-\x7e]{0,256}$/, 'must be a header value of at most 256 characters');
const count = z.int().min(0);

/** The payloads of all queues. What takes a job checks it against its schema first (parseJob.ts). */
export const jobSchemas = {
  /** Queue `streams`: one job is one run of one live stream, hours long. */
  streams: z.object({ streamId, run }),
  /** Queue `uploads-<node>`: one closed file of the spool, to be put into the store by a worker of that node. */
  upload: z.object({
    streamId,
    run,
    /** The file, relative to the node's spool folder. */
    file: path,
    /** The object's key in the store. */
    key: path,
    contentType: header,
    cacheControl: header,
    /** Of the segment, where it is traced. */
    trace: traceparent,
  }),
  /** Queue `retention`: what a run leaves in the store is to be deleted. Numbers as in the ledger at the run's end. */
  retention: z.object({
    streamId,
    run,
    nextNumber: count,
    nextMediaSequence: count,
    discontinuitySequence: count,
  }),
  /** Queue `retention` too: a recording that is not whole yet, because the store or a segment was late. */
  recording: z.object({
    streamId,
    run,
    /** As they should be, with what is still missing as gaps. */
    playlists: z.array(z.object({ key: path, text: z.string() })).max(100),
  }),
  /** Queue `webhooks`: one event for one URL. Only the first event of a lane has a job. */
  webhook: z.object({
    url: z
      .string()
      .max(2_048)
      .pipe(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' })),
    /** Part of the job's id, where BullMQ allows no colon. */
    eventId: z.string().regex(/^[A-Za-z0-9._-]{1,200}$/, 'must be 1 to 200 of A-Z a-z 0-9 . _ -'),
    streamId,
    sequence: z.number(),
    /** What the event reports, for the record of the delivery. */
    state: z.string().max(32).default(''),
    reason: z.string().max(64).default(''),
    /** From when the 24 h count in which it is delivered (ms). */
    since: fields.ms.default(0),
    /** The endpoint for all streams that wants it; '': the stream's own URL. */
    endpoint: z.string().max(64).default(''),
    /** Makes it another delivery of the same event, in a lane of its own; '': the first one. */
    redelivery: z
      .string()
      .regex(/^[A-Za-z0-9_-]{0,32}$/)
      .default(''),
    /** Of the event, where it is traced. */
    trace: traceparent,
    /** The JSON body, as it will be signed and sent. */
    body: z.string().max(100_000),
  }),
};

export type StreamJob = z.infer<typeof jobSchemas.streams>;
export type UploadJob = z.infer<typeof jobSchemas.upload>;
export type RetentionJob = z.infer<typeof jobSchemas.retention>;
export type RecordingJob = z.infer<typeof jobSchemas.recording>;
export type WebhookJob = z.infer<typeof jobSchemas.webhook>;

export const queueNames = {
  streams: 'streams',
  uploads: (node: string) => `uploads-${node}`,
  webhooks: 'webhooks',
  retention: 'retention',
} as const;

/** A run's job is never retried as a job: its owner restarts what fails inside it, and a dead owner's job stalls. */
export const streamJobOptions: JobsOptions = {
  attempts: 1,
  removeOnComplete: { age: 3_600, count: 1_000 },
  removeOnFail: { age: 86_400, count: 1_000 },
};

/** Job ids may not be integers nor hold a colon; a run is unique, so its job is added at most once. */
export const streamJobId = (streamId: string, run: string): string => `${streamId}.${run}`;

export function uploadJobOptions(options: { attempts: number; backoffMs: number }): JobsOptions {
  return {
    attempts: options.attempts,
    backoff: { type: 'exponential', delay: options.backoffMs, jitter: 0.3 },
    // After an outage the live edge goes first: viewers wait for it.
    lifo: true,
    removeOnComplete: { age: 600, count: 500 },
    removeOnFail: { age: 86_400, count: 5_000 },
  };
}

/** About a day of attempts, the first one soon. */
export const recordingJobOptions: JobsOptions = {
  attempts: 14,
  backoff: { type: 'exponential', delay: 5_000, jitter: 0.3 },
  delay: 5_000,
  removeOnComplete: true,
  removeOnFail: { age: 604_800, count: 10_000 },
};

export const recordingJobId = (streamId: string, run: string): string => `${streamId}.${run}.recording`;

/** About a day of attempts, since a store may be away for hours. */
export const retentionJobOptions: JobsOptions = {
  attempts: 12,
  backoff: { type: 'exponential', delay: 30_000, jitter: 0.3 },
  removeOnComplete: true,
  removeOnFail: { age: 604_800, count: 10_000 },
};

/**
 * The sender says when the next attempt comes, and gives up (webhookSender.ts). An error's stack is kept once: a job may have
 * a thousand attempts.
 */
export const webhookJobOptions: JobsOptions = {
  attempts: 1_000_000,
  backoff: { type: 'custom' },
  stackTraceLimit: 1,
  removeOnComplete: { age: 86_400, count: 10_000 },
  removeOnFail: { age: 604_800, count: 10_000 },
};

/** BullMQ keeps 10,000 of its own events by default. Livetran reads none; these are for a person who debugs. */
const EVENTS = 100;

/** A producer's handle on a queue. Its connection stays the caller's: close() does not end it. */
export function createQueue<Payload>(name: string, connection: Redis, defaults: JobsOptions): Queue<Payload> {
  const streams = { events: { maxLen: EVENTS } };
  const queue = new Queue<Payload>(name, { connection, defaultJobOptions: defaults, streams });
  // Connection errors are logged by the connection itself; without a listener they would end the process.
  queue.on('error', () => undefined);
  return queue;
}
