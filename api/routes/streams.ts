import { z } from 'zod';
import { defineRoute } from '../http/route.ts';
import { listQuery, startRequest, streamRef } from '../streams/schemas.ts';
import { streamView, viewStream } from '../streams/streamView.ts';

const tag = 'Streams';

const listStreams = defineRoute({
  ...{ method: 'get', path: '/streams', operationId: 'listStreams', tag, permission: 'streams:read' },
  summary: 'List streams, the latest first',
  query: listQuery,
  answers: {
    200: { description: 'Streams', schema: z.object({ data: z.array(streamView) }) },
  },
  errors: [],
  call: async ({ query }, { streams }) => ({
    status: 200,
    body: { data: (await streams.list(query.limit)).map(viewStream) },
  }),
});

const createStream = defineRoute({
  ...{ method: 'post', path: '/streams', operationId: 'createStream', tag, permission: 'streams:write' },
  summary: 'Start a stream',
  body: startRequest,
  answers: { 201: { description: 'The stream', schema: streamView } },
  errors: ['stream_running', 'quota', 'webhook_refused', 'stream_unreadable'],
  call: async ({ body }, { streams }) => {
    await streams.start(body);
    const stream = viewStream(await streams.get(body.stream_id));
    return { status: 201, headers: { Location: `/streams/${stream.stream_id}` }, body: stream };
  },
});

const getStream = defineRoute({
  ...{ method: 'get', path: '/streams/:stream_id', operationId: 'getStream', tag, permission: 'streams:read' },
  summary: 'Show a stream',
  params: streamRef,
  answers: { 200: { description: 'The stream', schema: streamView } },
  errors: ['stream_not_found', 'stream_unreadable'],
  call: async ({ params }, { streams }) => ({ status: 200, body: viewStream(await streams.get(params.stream_id)) }),
});

const stopStream = defineRoute({
  ...{ method: 'delete', path: '/streams/:stream_id', operationId: 'stopStream', tag, permission: 'streams:write' },
  summary: 'Stop a stream',
  description: 'The stream is STOPPED some seconds later. Stopping a stream that is STOPPED is no error.',
  params: streamRef,
  answers: { 202: { description: 'The stream, which may still be ending', schema: streamView } },
  errors: ['stream_not_found', 'stream_unreadable'],
  call: async ({ params }, { streams }) => ({ status: 202, body: viewStream(await streams.end(params.stream_id)) }),
});

export const streamRoutes = [listStreams, createStream, getStream, stopStream];
