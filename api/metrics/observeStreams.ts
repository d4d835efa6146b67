import type { Meter } from '@opentelemetry/api';
import type { StreamStore } from '../../common/stream/streamStore.ts';

/** Livetran's gauge `streams_info{status}`: how many streams are in each state. Absent while Redis is away. */
export function observeStreams(meter: Meter, store: StreamStore): void {
  const gauge = meter.createObservableGauge('streams_info', { description: 'Streams by state' });
  gauge.addCallback(async result => {
    const counts = await store.counts().catch(() => ({}));
    for (const [status, count] of Object.entries(counts)) result.observe(count, { status });
  });
}
