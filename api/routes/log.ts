import { z } from 'zod';
import { askRedis } from '../http/askRedis.ts';
import { defineRoute } from '../http/route.ts';
import { streamRef } from '../streams/schemas.ts';

const levels = { 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' } as const;

const logLine = z
  .object({
    time: z.iso.datetime(),
    level: z.enum(['info', 'warn', 'error', 'fatal']),
    message: z.string(),
    details: z.string().meta({ description: 'What else the line says: JSON, cut at 1000 characters. Empty: nothing.' }),
  })
  .meta({ id: 'LogLine' });

const getLog = defineRoute({
  ...{ method: 'get', path: '/streams/:stream_id/log', operationId: 'getStreamLog', tag: 'Streams' },
  permission: 'streams:read',
  summary: 'Show the last lines that workers logged about a stream',
  description:
    'Up to 50, for a day, from the level info on, without secrets. The whole log is what the workers write to their output.',
  params: streamRef,
  answers: { 200: { description: 'The lines, the oldest first', schema: z.object({ data: z.array(logLine) }) } },
  errors: ['stream_not_found', 'stream_unreadable'],
  call: async ({ params }, { streams, logs }) => {
    const { streamId } = await streams.get(params.stream_id);
    const lines = await askRedis(() => logs.read(streamId));
    const data = lines.map(({ time, level, message, details }) => ({
      ...{ time: new Date(time).toISOString(), message, details },
      level: levels[level as keyof typeof levels] ?? 'info',
    }));
    return { status: 200, body: { data } };
  },
});

export const logRoutes = [getLog];
