import { eventId, type StreamEvent } from '../../common/stream/streamEvent.ts';
import type { StreamRecord } from '../../common/stream/streamRecord.ts';

/** A stream's present state, as its last event reported it. */
export function eventOfRecord(record: StreamRecord): StreamEvent {
  const { streamId, run, token, seq: sequence, state, reason, webhookUrls } = record;
  const { streamLink = '', srtUrl = '', recordingLink = '', update = '', updatedAt: time } = record;
  return {
    ...{ eventId: eventId(run, token, sequence), streamId, run, token, sequence, state, reason, time, update },
    ...{ webhookUrls, streamLink, srtUrl, recordingLink },
  };
}
