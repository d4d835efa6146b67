import { type RequestHandler, type Response, Router } from 'express';
import { AppError } from '../../common/errors.ts';
import { eventId, type StreamEvent } from '../../common/stream/streamEvent.ts';
import type { StreamRecord } from '../../common/stream/streamRecord.ts';
import type { EventFeed } from '../events/eventFeed.ts';
import { check } from '../http/readBody.ts';
import { streamRef } from '../streams/schemas.ts';
import type { StreamService } from '../streams/streamService.ts';
import { onlyMethods } from './onlyMethods.ts';

/** Proxies cut connections that are silent for about a minute. */
const KEEP_ALIVE_MS = 15_000;
const RETRY_MS = 2_000;

/**
 * `GET /api/streams/:id/events`: a stream's changes as server-sent events, its present state first. It stays open over
 * the stream's end, since the id may be started again. After an outage of Redis the present state is sent
 * again; a change in between may be missing. Webhooks report every change.
 */
export function eventRoutes(streams: StreamService, feed: EventFeed, signed: RequestHandler): Router {
  const router = Router();
  router
    .route('/api/streams/:id/events')
    .get(signed, async (request, response) => {
      const { stream_id: id } = check({ stream_id: request.params.id }, streamRef);
      if (!(await streams.find(id))) throw new AppError('not_found', `stream "${id}" does not exist`);
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
      response.write(`retry: ${RETRY_MS}\n\n`);
      sendEvents(id, response, streams, feed);
    })
    .all(onlyMethods('GET'));
  return router;
}

function sendEvents(id: string, response: Response, streams: StreamService, feed: EventFeed): void {
  if (response.closed) return;
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
