import { z } from 'zod';
import { askRedis } from '../http/askRedis.ts';
import { defineRoute } from '../http/route.ts';
import { audienceView, viewAudience } from '../streams/audienceView.ts';
import { healthOf, healthView } from '../streams/healthView.ts';
import { sampleView, viewSample } from '../streams/sampleView.ts';
import { streamRef } from '../streams/schemas.ts';

const statsQuery = z.object({
  seconds: z.coerce
    .number({ error: 'must be a whole number' })
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(900, 'must be at most 900')
    .default(60)
    .meta({ description: 'How many samples, one a second, up to now.' }),
});

const statsView = z
  .object({
    stream_id: z.string(),
    run: z.string(),
    health: healthView.nullable(),
    audience: audienceView,
    samples: z.array(sampleView).meta({ description: 'The oldest first. There are none without an encoder.' }),
  })
  .meta({ id: 'StreamStats' });

const getStats = defineRoute({
  ...{ method: 'get', path: '/streams/:stream_id/stats', operationId: 'getStreamStats', tag: 'Streams' },
  permission: 'streams:read',
  summary: "Show a stream's figures, second by second",
  description: 'The last 15 minutes are kept. While Redis is away samples are lost.',
  params: streamRef,
  query: statsQuery,
  answers: { 200: { description: 'The figures', schema: statsView } },
  errors: ['stream_not_found', 'stream_unreadable'],
  call: async ({ params, query }, { streams, samples, audiences }) => {
    const record = await streams.get(params.stream_id);
    const { streamId: stream_id, run } = record;
    const kept = await askRedis(() => samples.read({ streamId: stream_id, run }, query.seconds));
    const audience = viewAudience(await askRedis(() => audiences.of(stream_id)));
    return { status: 200, body: { stream_id, run, health: healthOf(record), audience, samples: kept.map(viewSample) } };
  },
});

const listStats = defineRoute({
  ...{ method: 'get', path: '/stats', operationId: 'listStats', tag: 'Streams', permission: 'streams:read' },
  summary: 'Show the newest figures of every stream with an encoder',
  description: 'One sample of each. To follow many streams ask this once in some seconds, not each of them.',
  answers: {
    200: {
      description: 'The figures',
      schema: z.object({
        data: z.array(z.object({ stream_id: z.string(), run: z.string(), sample: sampleView, audience: audienceView })),
      }),
    },
  },
  errors: [],
  call: async (_call, { streams, samples, audiences }) => {
    const live = (await streams.live()).filter(({ state }) => state === 'STREAMING');
    const [latest, all] = await askRedis(() => Promise.all([samples.latest(live), audiences.all()]));
    const data = latest.map(({ streamId, run, sample }) => ({
      ...{ stream_id: streamId, run, sample: viewSample(sample) },
      audience: viewAudience(all.get(streamId)),
    }));
    return { status: 200, body: { data } };
  },
});

export const statsRoutes = [getStats, listStats];
