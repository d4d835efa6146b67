import type { Response } from 'express';
import { eventId, type StreamEvent } from '../../common/stream/streamEvent.ts';
import type { StreamRecord } from '../../common/stream/streamRecord.ts';
import type { StreamService } from '../streams/streamService.ts';
import type { EventFeed } from './eventFeed.ts';

/** Proxies cut connections that are silent for about a minute. */
const KEEP_ALIVE_MS = 15_000;
const RETRY_MS = 2_000;

/**
 * Writes a stream's changes as server-sent events, its present state first, until the caller goes away. After an outage of Redis
 * the present state is sent again; a change in between may be missing.
 */
export function sendEvents(id: string, response: Response, streams: StreamService, feed: EventFeed): void {
  if (response.closed) return;
  response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
  response.write(`retry: ${RETRY_MS}\n\n`);
  let lastId = '';
  const send = (event: StreamEvent): void => {
    if (event.eventId === lastId) return;
    lastId = event.eventId;
    response.write(`id: ${event.eventId}\nevent: ${event.state}\ndata: ${JSON.stringify(eventJson(event))}\n\n`);
  };
  // What is written while the present state is being read comes after it.
  let waiting: StreamEvent[] | undefined;
  const sendState = async (): Promise<void> => {
    waiting ??= [];
    const record = await streams.find(id).catch(() => undefined);
    const [present, later] = [record && eventOf(record), waiting ?? []];
    waiting = undefined;
    if (present) send(present);
    for (const event of later) if (!present || isAfter(event, present)) send(event);
  };
  const end = feed.listen(id, {
    onEvent: event => (waiting ? waiting.push(event) : send(event)),
    onBack: () => void sendState(),
    onEnd: () => response.end(),
  });
  const alive = setInterval(() => response.write(': \n\n'), KEEP_ALIVE_MS);
  response.on('close', () => {
    clearInterval(alive);
    end();
  });
  void sendState();
}

const isAfter = (event: StreamEvent, other: StreamEvent): boolean =>
  event.run !== other.run || event.sequence > other.sequence;

function eventOf(record: StreamRecord): StreamEvent {
  const { streamId, run, token, seq: sequence, state, reason, webhookUrls } = record;
  const { streamLink = '', srtUrl = '', recordingLink = '', update = '', updatedAt: time } = record;
  const links = { streamLink, srtUrl, recordingLink };
  return {
    eventId: eventId(run, token, sequence),
    streamId,
    run,
    token,
    sequence,
    state,
    reason,
    time,
    update,
    webhookUrls,
    ...links,
  };
}

const eventJson = (event: StreamEvent) => ({
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
});
