import { z } from 'zod';
import { quotaOf } from '../auth/quotaOf.ts';
import { askRedis } from '../http/askRedis.ts';
import { defineRoute } from '../http/route.ts';
import { listQuery, pageQuery, writeCursor } from '../streams/listQuery.ts';
import { createRequest, editRequest, keyRequest, streamRef } from '../streams/schemas.ts';
import { streamView, viewStream } from '../streams/streamView.ts';

const tag = 'Streams';

/** For how long a call waits for the worker's part. Without a worker it answers after that. */
const WAIT_MS = 2_000;

const prefer = z.object({
  prefer: z
    .string()
    .optional()
    .meta({ description: '`respond-async`: answers at once, without waiting for the worker (RFC 7240).' }),
});

const isAsync = (header: string | undefined): boolean => /(^|[,;\s])respond-async([,;\s]|$)/i.test(header ?? '');

/** How long to wait, and the header that says that a preference was followed. */
const patience = ({ prefer: wish }: z.output<typeof prefer>): { waitMs: number; headers: Record<string, string> } =>
  isAsync(wish) ? { waitMs: 0, headers: { 'Preference-Applied': 'respond-async' } } : { waitMs: WAIT_MS, headers: {} };

const listStreams = defineRoute({
  ...{ method: 'get', path: '/streams', operationId: 'listStreams', tag, permission: 'streams:read' },
  summary: 'List streams, the latest first',
  description:
    'Those started within the last 72 h, and all that still run. A page may be short, or empty: there are more as long as ' +
    '`next_cursor` is not null. Streams that are started meanwhile do not move what is listed.',
  query: listQuery,
  answers: {
    200: {
      description: 'A page of streams',
      schema: z.object({
        data: z.array(streamView),
        next_cursor: z.string().nullable().meta({ description: '`cursor` of the next page; null: this is the last.' }),
      }),
    },
  },
  errors: [],
  call: async ({ query }, { streams, places }) => {
    const { records, next } = await streams.page(pageQuery(query));
    return {
      status: 200,
      body: { data: records.map(record => viewStream(record, places)), next_cursor: next ? writeCursor(next) : null },
    };
  },
});

const createStream = defineRoute({
  ...{ method: 'post', path: '/streams', operationId: 'createStream', tag, permission: 'streams:write' },
  summary: 'Start a stream',
  description:
    'Waits up to 2 s for a worker, so that the answer has the SRT URL. Without a free worker the stream is INITIALISED. ' +
    'An id whose last run is STOPPED may be started again.',
  headers: prefer,
  body: createRequest,
  answers: { 201: { description: 'The stream', schema: streamView } },
  errors: ['stream_running', 'quota', 'webhook_refused', 'stream_unreadable'],
  call: async ({ body, headers, signal, caller, repeatKey, requestId }, { streams, places }) => {
    const { waitMs, headers: applied } = patience(headers);
    const how = { waitMs, signal, quota: quotaOf(caller), startedBy: repeatKey, requestId };
    const stream = viewStream(await streams.create(body, how), places);
    return { status: 201, headers: { ...applied, Location: `/streams/${stream.stream_id}` }, body: stream };
  },
});

const getStream = defineRoute({
  ...{ method: 'get', path: '/streams/:stream_id', operationId: 'getStream', tag, permission: 'streams:read' },
  summary: 'Show a stream',
  description: 'Until 72 h after its end.',
  params: streamRef,
  answers: { 200: { description: 'The stream', schema: streamView } },
  errors: ['stream_not_found', 'stream_unreadable'],
  call: async ({ params }, { streams, samples, places }) => {
    const record = await streams.get(params.stream_id);
    const isLive = record.state === 'STREAMING';
    const [latest] = isLive ? await askRedis(() => samples.read(record, 1)) : [];
    return { status: 200, body: viewStream(record, places, latest) };
  },
});

const editStream = defineRoute({
  ...{ method: 'patch', path: '/streams/:stream_id', operationId: 'editStream', tag, permission: 'streams:write' },
  summary: 'Change the webhooks, the title, the metadata, or whether the stream is recorded',
  description:
    'A JSON merge patch (RFC 7396): fields that are left out stay. `record` can be changed until the first encoder connects.',
  params: streamRef,
  body: editRequest,
  answers: { 200: { description: 'The stream', schema: streamView } },
  errors: ['stream_not_found', 'stream_unreadable', 'webhook_refused', 'recording_fixed', 'edit_conflict'],
  call: async ({ params, body }, { streams, places }) => ({
    status: 200,
    body: viewStream(await streams.edit(params.stream_id, body), places),
  }),
});

const stopStream = defineRoute({
  ...{ method: 'delete', path: '/streams/:stream_id', operationId: 'stopStream', tag, permission: 'streams:write' },
  summary: 'Stop a stream',
  description:
    'It is STOPPED some seconds later, when what the encoder has sent is in the store. Stopping a stream that is STOPPED is no error.',
  params: streamRef,
  answers: { 202: { description: 'The stream, which may still be ending', schema: streamView } },
  errors: ['stream_not_found', 'stream_unreadable'],
  call: async ({ params, requestId }, { streams, places }) => ({
    status: 202,
    body: viewStream(await streams.end(params.stream_id, { requestId }), places),
  }),
});

const completeStream = defineRoute({
  ...{ method: 'post', path: '/streams/:stream_id/complete', operationId: 'completeStream', tag },
  permission: 'streams:write',
  summary: 'Stop a stream, with the end in the playlist at once',
  description:
    'As a stop, but the playlist waits for segments that are still on their way to the store for a second at most. A recording has them.',
  params: streamRef,
  answers: { 202: { description: 'The stream, which may still be ending', schema: streamView } },
  errors: ['stream_not_found', 'stream_unreadable'],
  call: async ({ params, requestId }, { streams, places }) => ({
    status: 202,
    body: viewStream(await streams.end(params.stream_id, { reason: 'completed', requestId }), places),
  }),
});

const rotateKey = defineRoute({
  ...{ method: 'post', path: '/streams/:stream_id/key', operationId: 'rotateKey', tag, permission: 'streams:write' },
  summary: 'Make a new stream key',
  description:
    'Waits up to 2 s for the worker that makes it. With `revoke` earlier keys are worthless, and the encoder that used one is disconnected.',
  headers: prefer,
  params: streamRef,
  body: keyRequest,
  answers: {
    200: { description: 'The stream; `srt_url` has the new key', schema: streamView },
    202: {
      description: 'The stream; the new key is not made yet: an event with reason `key_rotated` follows',
      schema: streamView,
    },
  },
  errors: ['stream_not_found', 'stream_stopped', 'stream_unreadable'],
  call: async ({ params, body, headers, signal, requestId }, { streams, places }) => {
    const { waitMs, headers: applied } = patience(headers);
    const { revoke = false, passphrase } = body;
    const rotation = { revoke, ...(passphrase !== undefined && { passphrase }) };
    const { record, isMade } = await streams.rotateKey(params.stream_id, rotation, { waitMs, requestId, signal });
    const reply = { headers: applied, body: viewStream(record, places) };
    return isMade ? { status: 200, ...reply } : { status: 202, ...reply };
  },
});

export const streamRoutes = [listStreams, createStream, getStream, editStream, stopStream, completeStream, rotateKey];
