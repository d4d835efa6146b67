import type { Stream } from './openapi.ts';

/** The body of a webhook. What there is none of is ''. */
export interface WebhookEvent {
  Status: Stream['state'];
  /** A sentence for people. */
  Update: string;
  /** What viewers play, once it is in the store. */
  StreamLink: string;
  StreamId: string;
  /** The same for a repeated delivery: do your work once for each. */
  EventId: string;
  /** Grows by one with each event of a stream, across its runs. */
  Sequence: number;
  /** ISO 8601, in UTC. */
  Time: string;
  Reason: Stream['reason'];
  /** Where the encoder publishes, with its stream key. Absent with WEBHOOK_SRT_URL=off. */
  SrtUrl?: string;
  RecordingLink: string;
  /** The playlist with parts, of a stream with low latency alone. */
  LowLatencyLink?: string;
}
