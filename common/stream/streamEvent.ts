import { z } from 'zod';

const event = z.object({
  streamId: z.string(),
  seq: z.coerce.number(),
  run: z.string(),
  token: z.string(),
  state: z.string(),
  reason: z.string(),
  streamLink: z.string(),
  srtUrl: z.string(),
  webhookUrls: z.string().transform(text => JSON.parse(text) as string[]),
  time: z.coerce.number(),
  update: z.string(),
  /** '' until the stream has stopped, and for streams that are not recorded. */
  recordingLink: z.string().default(''),
});

/** One entry of the outbox: what changed about a stream, as it was at that moment. `time` in ms since 1970. */
export type StreamEvent = Omit<z.infer<typeof event>, 'seq'> & {
  /** Grows by one with each event of a stream, across its runs. */
  sequence: number;
  eventId: string;
};

/** The event's id: stable over redeliveries, and unique even when Redis lost the sequence (the token never repeats). */
export const eventId = (run: string, token: string, sequence: number): string => `${run}-${token}-${sequence}`;

/** Reads an entry's flat list of fields and values, as XREAD gives it. */
export function parseStreamEvent(fields: readonly string[]): StreamEvent {
  const pairs: Record<string, string> = {};
  for (let i = 0; i + 1 < fields.length; i += 2) pairs[fields[i] ?? ''] = fields[i + 1] ?? '';
  const { seq, ...rest } = event.parse(pairs);
  return { ...rest, sequence: seq, eventId: eventId(rest.run, rest.token, seq) };
}
