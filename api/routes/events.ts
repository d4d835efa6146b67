import { z } from 'zod';
import { sendEvents } from '../events/sendEvents.ts';
import { defineRoute } from '../http/route.ts';
import { streamRef } from '../streams/schemas.ts';

const followStream = defineRoute({
  ...{ method: 'get', path: '/streams/:stream_id/events', operationId: 'followStream', tag: 'Events' },
  permission: 'streams:read',
  summary: "Follow a stream's changes as server-sent events",
  description:
    'The first event is the present state. It stays open over the end of the stream, since the id may be started again. ' +
    'After an outage of Redis the present state is sent again; a change in between may be missing. Webhooks report every change.',
  params: streamRef,
  answers: { 200: { description: 'Events', contentType: 'text/event-stream', schema: z.string() } },
  errors: ['stream_not_found', 'stream_unreadable'],
  call: async ({ params }, { streams, events }) => {
    const { streamId } = await streams.get(params.stream_id);
    return { status: 200, stream: response => sendEvents(streamId, response, streams, events) };
  },
});

export const eventRoutes = [followStream];
