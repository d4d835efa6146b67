import { z } from 'zod';
import { fields as stored } from '../redis/fields.ts';
import { traceparent } from '../tracing/traceparent.ts';
import { streamStates } from './streamState.ts';

const event = z.object({
  streamId: z.string(),
  seq: z.coerce.number(),
  run: stored.word,
  token: stored.word,
  state: z.enum(streamStates),
  reason: z.string(),
  streamLink: z.string(),
  srtUrl: z.string(),
  webhookUrls: stored.urls,
  time: stored.ms,
  update: z.string(),
  /** '' until the stream has stopped, and for streams that are not recorded. */
  recordingLink: z.string().default(''),
  /** Of a stream with low latency. */
  lowLatencyLink: z.string().optional(),
  /** Of the request that started the run, where it is traced. */
  trace: traceparent,
  /** Only in the outbox: one more delivery of the event, to its one URL, and for which endpoint that is. */
  redelivery: z.string().optional(),
  endpoint: z.string().optional(),
});

/** One entry of the outbox: what changed about a stream, as it was at that moment. `time` in ms since 1970. */
export type StreamEvent = Omit<z.infer<typeof event>, 'seq'> & {
  /** Grows by one with each event of a stream, across its runs. */
  sequence: number;
  eventId: string;
};

/** The event's id: stable over redeliveries, and unique even when Redis lost the sequence (the token never repeats). */
export const eventId = (run: string, token: string, sequence: number): string => `${run}-${token}-${sequence}`;

/** Reads an entry's flat list of fields and values, as XREAD gives it. Throws when it is no event. */
export function parseStreamEvent(fields: readonly string[]): StreamEvent {
  const pairs: Record<string, string> = {};
  for (let i = 0; i + 1 < fields.length; i += 2) pairs[fields[i] ?? ''] = fields[i + 1] ?? '';
  const { seq, ...rest } = event.parse(pairs);
  return { ...rest, sequence: seq, eventId: eventId(rest.run, rest.token, seq) };
}

/** An event has at most ten URLs of 2 kB, and a few short texts. */
const MESSAGE_MAX = 100_000;
/** Lua's numbers come as numbers. */
const list = z.array(z.union([z.string(), z.number().transform(String)]));

/** Reads an event as it comes over the channel: the same list as JSON. Throws when it is none. */
export function parseEventMessage(message: string): StreamEvent {
  if (message.length > MESSAGE_MAX) throw new Error(`an event has at most ${MESSAGE_MAX} characters`);
  return parseStreamEvent(list.parse(JSON.parse(message)));
}
