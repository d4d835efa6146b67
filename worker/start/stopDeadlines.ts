import { endDeadlines } from '../session/endDeadlines.ts';

/** A session that listens closes its ingest; one that does not gives the port back. */
const SESSION_MS = Math.max(endDeadlines.ingest, endDeadlines.port) + endDeadlines.output + endDeadlines.lease;
/** The queue is paused (2 s) before the sessions end, and closed (3 s) after them (streamConsumer.ts). */
const QUEUE_MS = 5_000;
/** Everything else that waits for Redis or the store: heartbeat, retention, uploads, webhooks and outbox take 2 or 3 s each. */
const REST_MS = 15_000;

/** What a worker's stop may take at most (ms). All sessions end at the same time. */
export const stopDeadlines = {
  /** All streams. */
  streamsMs: SESSION_MS + QUEUE_MS,
  /** The whole process. Then it kills itself: libsrt can hang a process that exits while its threads are at work. */
  exitMs: SESSION_MS + QUEUE_MS + REST_MS,
} as const;
