import { type JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';

/** Queue `streams`: one job is one run of one live stream, hours long. */
export interface StreamJob {
  streamId: string;
  run: string;
}

/** Queue `uploads-<node>`: one closed file of the spool, to be put into the store by a worker of that node. */
export interface UploadJob {
  streamId: string;
  run: string;
  /** The file, relative to the node's spool folder. */
  file: string;
  /** The object's key in the store. */
  key: string;
  contentType: string;
  cacheControl: string;
}

/** Queue `retention`: what a run leaves in the store is to go. Numbers as in the ledger at the run's end. */
export interface RetentionJob {
  streamId: string;
  run: string;
  nextNumber: number;
  nextMediaSequence: number;
  discontinuitySequence: number;
}

/** Queue `retention` too: a recording that is not whole yet, because the store or a segment was late. */
export interface RecordingJob {
  streamId: string;
  run: string;
  /** As they should be, with what is still missing as gaps. */
  playlists: { key: string; text: string }[];
}

/** Queue `webhooks`: one event for one URL. */
export interface WebhookJob {
  url: string;
  eventId: string;
  streamId: string;
  sequence: number;
  /** The key of the ZSET of job ids that says whose turn it is (keys.webhookOrder). */
  order: string;
  /** The JSON body, as it will be signed and sent. */
  body: string;
}

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
    // After an outage viewers want the live edge; what is older was waiting anyway.
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

/** About a day of attempts: a store that is away is no reason to leave things in it for ever. */
export const retentionJobOptions: JobsOptions = {
  attempts: 12,
  backoff: { type: 'exponential', delay: 30_000, jitter: 0.3 },
  removeOnComplete: true,
  removeOnFail: { age: 604_800, count: 10_000 },
};

/** 8 attempts from 1 s on: about two minutes. Completed jobs stay a day, since a job id only de-duplicates while it exists. */
export const webhookJobOptions: JobsOptions = {
  attempts: 8,
  backoff: { type: 'exponential', delay: 1_000, jitter: 0.5 },
  removeOnComplete: { age: 86_400, count: 10_000 },
  removeOnFail: { age: 604_800, count: 10_000 },
};

/** BullMQ's own events (10,000 by default) are read by nobody but a person who looks for something. */
const EVENTS = 100;

/** A producer's handle on a queue. Its connection stays the caller's: close() does not end it. */
export function createQueue<Payload>(name: string, connection: Redis, defaults: JobsOptions): Queue<Payload> {
  const streams = { events: { maxLen: EVENTS } };
  const queue = new Queue<Payload>(name, { connection, defaultJobOptions: defaults, streams });
  // Connection errors are logged by the connection itself; without a listener they would end the process.
  queue.on('error', () => undefined);
  return queue;
}
