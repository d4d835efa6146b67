import type { StreamEvent } from '../../common/stream/streamEvent.ts';
import type { EventFeed } from './eventFeed.ts';
import type { EventHistory } from './eventHistory.ts';
import type { EventStream } from './eventStream.ts';
import { isPositionAfter } from './isPositionAfter.ts';
import type { PlacedEvent } from './placedEvent.ts';

/** So many events wait while the past is being read; a caller who needs more comes back. */
const MOST_WAITING = 5_000;

/**
 * Writes the events of all streams until the caller goes away: those after `position`, then every new one. Where the history does not
 * go back so far, an event `gap` comes first.
 * @param position the id of the last event that the caller has; undefined: from now on
 */
export function followAll(
  position: string | undefined,
  out: EventStream,
  from: { history: EventHistory; feed: EventFeed },
  dataOf: (event: StreamEvent) => object | string,
): void {
  let last = position ?? '0-0';
  const send = (event: PlacedEvent): void => {
    if (!isPositionAfter(event.position, last)) return;
    last = event.position;
    out.send({ id: event.position, event: event.state, data: dataOf(event) });
  };
  let waiting: PlacedEvent[] | undefined = [];
  const readPast = async (): Promise<void> => {
    if (position === undefined) return;
    const bounds = await from.history.bounds();
    if (!bounds || isPositionAfter(bounds.oldest, position)) out.send({ id: '', event: 'gap', data: {} });
    for await (const events of from.history.after(position)) {
      for (const event of events) send(event);
      await out.drained();
      if (out.isClosed) return;
    }
  };
  const catchUp = async (): Promise<void> => {
    try {
      await readPast();
    } catch {
      return out.end();
    }
    const later = waiting ?? [];
    waiting = undefined;
    for (const event of later) send(event);
  };
  const add = (event: PlacedEvent): void => {
    if (!waiting) send(event);
    else if (waiting.push(event) > MOST_WAITING) out.end();
  };
  const stop = from.feed.listen(undefined, { onEvent: add, onBack: () => out.end(), onEnd: () => out.end() });
  out.onClose(stop);
  void catchUp();
}
