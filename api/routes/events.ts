import { z } from 'zod';
import { streamId } from '../../common/stream/streamId.ts';
import { webhookBody } from '../../common/webhooks/webhookBody.ts';
import { EventStream } from '../events/eventStream.ts';
import { viewEvent } from '../events/eventView.ts';
import { followAll } from '../events/followAll.ts';
import { followStream } from '../events/followStream.ts';
import { defineRoute } from '../http/route.ts';
import { streamRef } from '../streams/schemas.ts';

const tag = 'Events';
const eventStream = { description: 'Server-sent events', contentType: 'text/event-stream', schema: z.string() };
const token = z
  .string()
  .max(2_000)
  .optional()
  .meta({ description: 'A token of POST /v1/event-tokens, instead of a signature.' });
const lastEventId = z.string().max(200).optional();
const resume = {
  headers: z.object({ 'last-event-id': lastEventId }),
  /** EventSource sends the header when it reconnects; on a page that was loaded again only the URL can say it. */
  query: { token, last_event_id: lastEventId.meta({ description: 'The same as the header Last-Event-ID.' }) },
};
const position = z
  .string()
  .regex(/^\d{1,15}-\d{1,15}$/)
  .optional();

const followOneStream = defineRoute({
  ...{ method: 'get', path: '/streams/:stream_id/events', operationId: 'followStream', tag },
  ...{ permission: 'streams:read', eventToken: true },
  summary: "Follow a stream's changes as server-sent events",
  description:
    'With Last-Event-ID, those after that event; the last 100 are kept for 72 h, and `0` asks for all of them. ' +
    'Otherwise the first event is the present state. ' +
    'It stays open over the end of the stream, since the id may be started again.',
  params: streamRef,
  headers: resume.headers,
  query: z.object(resume.query),
  answers: { 200: eventStream },
  errors: ['stream_not_found', 'stream_unreadable'],
  call: async ({ params, query, headers }, { streams, history, events: feed }) => {
    const { streamId } = await streams.get(params.stream_id);
    const last = headers['last-event-id'] ?? query.last_event_id;
    const from = { streams, history, feed };
    return { status: 200, stream: response => followStream(streamId, last, new EventStream(response), from) };
  },
});

const followAllStreams = defineRoute({
  ...{ method: 'get', path: '/events', operationId: 'followEvents', tag, permission: 'streams:read', eventToken: true },
  summary: 'Follow the changes of all streams as server-sent events',
  description:
    'With Last-Event-ID, those after that event; about the last 10,000 are kept for 72 h, and an event `gap` says that older ones are missing. ' +
    'Otherwise every event from now on.',
  headers: resume.headers,
  query: z.object({
    ...resume.query,
    format: z
      .enum(['event', 'webhook'], { error: 'must be event or webhook' })
      .default('event')
      .meta({ description: '`webhook`: the data are the bodies that webhooks have.' }),
  }),
  answers: { 200: eventStream },
  errors: [],
  call: async ({ query, headers }, { history, events: feed, webhookSrtUrl: srtUrl }) => {
    // An id that is not of this list has no place in it.
    const last = position.catch('0-0').parse(headers['last-event-id'] ?? query.last_event_id);
    const dataOf = query.format === 'webhook' ? webhookData(srtUrl) : viewEvent;
    return {
      status: 200,
      stream: response => followAll(last, new EventStream(response), { history, feed }, dataOf),
    };
  },
});

const webhookData =
  (srtUrl: boolean) =>
  (event: Parameters<typeof webhookBody>[0]): string =>
    webhookBody(event, { srtUrl });

const createEventToken = defineRoute({
  ...{ method: 'post', path: '/event-tokens', operationId: 'createEventToken', tag, permission: 'streams:read' },
  summary: 'Make a token with which a browser follows events',
  description: 'For `new EventSource(url)`, which cannot sign. It is good for events alone, of one stream or of all.',
  idempotent: false,
  body: z.strictObject({
    stream_id: streamId.optional().meta({ description: 'The one stream that it is good for. Default: all streams.' }),
    seconds: z
      .int({ error: 'must be a whole number from 1 to 3600' })
      .min(1, 'must be at least 1')
      .max(3_600, 'must be at most 3600')
      .default(300)
      .meta({ description: 'How long a connection may begin with it. An open one goes on.' }),
  }),
  answers: {
    201: {
      description: 'The token',
      schema: z.object({
        token: z.string(),
        path: z.string().meta({ description: 'What to open: path and query, with the token.' }),
        expires_at: z.iso.datetime(),
      }),
    },
  },
  errors: [],
  call: async ({ body, caller }, { eventTokens }) => {
    const { stream_id: streamId, seconds } = body;
    const expires = new Date(Date.now() + seconds * 1_000).toISOString();
    const made = eventTokens.create({ keyId: caller.keyId, streamId, seconds });
    const path = `/v1${streamId === undefined ? '' : `/streams/${streamId}`}/events?token=${made}`;
    return { status: 201, body: { token: made, path, expires_at: expires } };
  },
});

export const eventRoutes = [followOneStream, followAllStreams, createEventToken];
