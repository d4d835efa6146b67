import { z } from 'zod';

const labels = z.record(z.string().max(64), z.string().max(256));
const metric = z.object({ name: z.string().regex(/^[a-zA-Z_]\w{0,99}$/), help: z.string().max(500) });
const single = z.tuple([labels, z.number()]);
/** Per bucket, not cumulative; the sum. */
const histogramPoint = z.tuple([labels, z.array(z.number()).max(50), z.number()]);

/** The metrics of a process, bounded, as JSON. A histogram's last bucket has no upper bound. */
export const metricSnapshot = z
  .array(
    z.discriminatedUnion('kind', [
      metric.extend({ kind: z.enum(['counter', 'gauge']), points: z.array(single).max(500) }),
      metric.extend({
        kind: z.literal('histogram'),
        bounds: z.array(z.number()).max(49),
        points: z.array(histogramPoint).max(200),
      }),
    ]),
  )
  .max(200);

export type MetricSnapshot = z.infer<typeof metricSnapshot>;
export type SnapshotMetric = MetricSnapshot[number];
