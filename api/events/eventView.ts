import { z } from 'zod';
import type { StreamEvent } from '../../common/stream/streamEvent.ts';
import { streamReasons } from '../../common/stream/streamReasons.ts';
import { streamStates } from '../../common/stream/streamState.ts';

/** An event as the resource API shows it. */
export const eventView = z
  .object({
    event_id: z.string().meta({ description: 'The same in webhooks (`EventId`).' }),
    sequence: z.int().meta({ description: 'Grows by one with each event of a stream, across its runs.' }),
    stream_id: z.string(),
    run: z.string(),
    state: z.enum(streamStates),
    reason: z.enum(Object.keys(streamReasons) as [string]).meta({ description: 'Why (docs/events.md).' }),
    update: z.string().meta({ description: 'The same for people: a sentence.' }),
    srt_url: z.string().nullable(),
    stream_link: z.string().nullable(),
    recording_link: z.string().nullable(),
    time: z.iso.datetime(),
  })
  .meta({ id: 'StreamEvent' });

export type EventView = z.output<typeof eventView>;

export function viewEvent(event: StreamEvent): EventView {
  return {
    event_id: event.eventId,
    sequence: event.sequence,
    stream_id: event.streamId,
    run: event.run,
    state: event.state,
    reason: event.reason,
    update: event.update,
    srt_url: event.srtUrl || null,
    stream_link: event.streamLink || null,
    recording_link: event.recordingLink || null,
    time: new Date(event.time).toISOString(),
  };
}
