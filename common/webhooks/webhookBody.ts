import type { StreamEvent } from '../../common/stream/streamEvent.ts';

/**
 * The webhook's JSON: Livetran's three fields, then ours.
 * @param options.srtUrl WEBHOOK_SRT_URL: whether SrtUrl, which holds the stream key, is among them
 */
export function webhookBody(event: StreamEvent, options: { srtUrl: boolean }): string {
  return JSON.stringify({
    Status: event.state,
    Update: event.update,
    StreamLink: event.streamLink,
    StreamId: event.streamId,
    EventId: event.eventId,
    Sequence: event.sequence,
    Time: new Date(event.time).toISOString(),
    Reason: event.reason,
    ...(options.srtUrl && { SrtUrl: event.srtUrl }),
    RecordingLink: event.recordingLink,
    ...(event.lowLatencyLink && { LowLatencyLink: event.lowLatencyLink }),
  });
}
