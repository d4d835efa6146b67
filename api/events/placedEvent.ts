import { parseStreamEvent, type StreamEvent } from '../../common/stream/streamEvent.ts';

/** An event with its place in the history of all streams, or of its own: the id that Redis gave it. */
export type PlacedEvent = StreamEvent & { position: string };

/** An event has at most ten URLs of 2 kB, and a few short texts. */
const MOST_CHARACTERS = 100_000;

/** Reads an entry of a history. Throws when it is no event. */
export function readEntry(position: string, fields: readonly string[]): PlacedEvent {
  const size = fields.reduce((sum, text) => sum + text.length, 0);
  if (size > MOST_CHARACTERS) throw new Error(`an event has at most ${MOST_CHARACTERS} characters`);
  return { ...parseStreamEvent(fields), position };
}
