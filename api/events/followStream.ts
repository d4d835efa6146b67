import type { StreamEvent } from '../../common/stream/streamEvent.ts';
import type { StreamService } from '../streams/streamService.ts';
import type { EventFeed } from './eventFeed.ts';
import type { EventHistory } from './eventHistory.ts';
import { eventOfRecord } from './eventOfRecord.ts';
import type { EventStream } from './eventStream.ts';
import { viewEvent } from './eventView.ts';

/** In place of an event's id: everything that is kept. */
const ALL_KEPT = '0';

/**
 * Writes a stream's events until the caller goes away: those after `lastEventId`, as far as the history goes back; without one, or where
 * it does not go back so far, the present state; then every change.
 */
export function followStream(
  streamId: string,
  lastEventId: string | undefined,
  out: EventStream,
  from: { streams: StreamService; history: EventHistory; feed: EventFeed },
): void {
  let last: StreamEvent | undefined;
  const send = (event: StreamEvent): void => {
    if (last && !isNewer(event, last)) return;
    last = event;
    out.send({ id: event.eventId, event: event.state, data: viewEvent(event) });
  };
  const past = async (): Promise<StreamEvent[]> => {
    const events = lastEventId === undefined ? [] : await from.history.ofStream(streamId);
    if (lastEventId === ALL_KEPT && events.length > 0) return events;
    const seen = events.findIndex(event => event.eventId === lastEventId);
    if (seen >= 0) return events.slice(seen + 1);
    const record = await from.streams.find(streamId);
    return record ? [eventOfRecord(record)] : [];
  };
  // What is written while the past is being read comes after it.
  let waiting: StreamEvent[] | undefined = [];
  const catchUp = async (): Promise<void> => {
    waiting ??= [];
    try {
      for (const event of await past()) send(event);
    } catch {
      // Redis is away. The caller comes back, and goes on after the last event that it has.
      return out.end();
    }
    const later = waiting ?? [];
    waiting = undefined;
    for (const event of later) send(event);
  };
  const stop = from.feed.listen(streamId, {
    onEvent: event => (waiting ? waiting.push(event) : send(event)),
    onBack: () => out.end(),
    onEnd: () => out.end(),
  });
  out.onClose(stop);
  void catchUp();
}

/** Sequences grow across runs; only a Redis that has lost its data begins again. */
const isNewer = (event: StreamEvent, last: StreamEvent): boolean =>
  event.sequence > last.sequence || (event.run !== last.run && event.time > last.time);
