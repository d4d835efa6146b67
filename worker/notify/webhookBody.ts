import type { StreamEvent } from '../../common/stream/streamEvent.ts';

/** The webhook's JSON: Livetran's three fields, then ours. */
export function webhookBody(event: StreamEvent): string {
  return JSON.stringify({
    Status: event.state,
    Update: event.update,
    StreamLink: event.streamLink,
    StreamId: event.streamId,
    EventId: event.eventId,
    Sequence: event.sequence,
    Time: new Date(event.time).toISOString(),
    Reason: event.reason,
    SrtUrl: event.srtUrl,
    RecordingLink: event.recordingLink,
  });
}
