import type { Stream } from './openapi.ts';

/** A change of a stream, as it was at that moment. */
export interface StreamEvent
  extends Pick<Stream, 'stream_id' | 'run' | 'state' | 'reason' | 'srt_url' | 'stream_link' | 'recording_link'> {
  /** The same for a repeated event, and in the webhook. */
  event_id: string;
  /** Grows by one with each event of a stream, across its runs. */
  sequence: number;
  /** A sentence for people. */
  update: string;
  /** ISO 8601, in UTC. */
  time: string;
}
