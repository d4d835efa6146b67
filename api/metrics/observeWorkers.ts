import type { Meter } from '@opentelemetry/api';
import type { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import type { WorkerStatus } from '../../common/workers/workerStatus.ts';

type Read = (worker: WorkerStatus) => number | undefined;

const gauges: Record<string, { description: string; read: Read }> = {
  worker_slots: { description: 'Units of the worker (WORKER_STREAMS)', read: ({ slots }) => slots },
  worker_units_used: { description: 'Units that its streams take', read: ({ used, streams }) => used ?? streams },
  worker_streams: { description: 'Streams that it runs', read: ({ streams }) => streams },
  worker_draining: {
    description: '1 while it takes no more streams since it is to stop',
    read: at => Number(at.draining),
  },
  worker_overloaded: {
    description: '1 while it takes no streams although it has slots',
    read: ({ busy }) => Number(busy !== undefined),
  },
  worker_event_loop_delay_seconds: { description: '99th percentile', read: ({ load }) => load.eventLoopMs / 1_000 },
  worker_slowest_encode_speed: {
    description: 'Seconds of media a second of its slowest encode',
    read: ({ load }) => load.slowestEncode,
  },
  worker_spool_free_bytes: { description: "Free on the spool's disk", read: ({ load }) => load.spoolFreeBytes },
};

const counters: Record<string, { description: string; read: Read }> = {
  worker_segments_listed: {
    description: 'Segments that came into a served playlist',
    read: ({ totals }) => totals?.segmentsListed,
  },
  worker_segment_listing_seconds: {
    description: 'Time from closing these segments to the playlist in the store, all together',
    read: ({ totals }) => totals && totals.listingMs / 1_000,
  },
  worker_gaps_listed: { description: 'Segments listed as EXT-X-GAP', read: ({ totals }) => totals?.gapsListed },
  worker_segment_puts_failed: {
    description: 'PUTs of segments that failed, most to succeed at the next attempt',
    read: ({ totals }) => totals?.putsFailed,
  },
  worker_segments_dropped: {
    description: 'Segments that left the spool without being stored',
    read: ({ totals }) => totals?.segmentsDropped,
  },
  worker_redis_values_skipped: {
    description: 'Jobs, entries and messages in Redis that do not parse and were skipped',
    read: ({ totals }) => totals?.valuesSkipped,
  },
  worker_source_fallbacks: {
    description: 'How often a source could not be passed on and was transcoded',
    read: ({ totals }) => totals?.fallbacks,
  },
};

/** The live workers' own reports, by worker and node. Absent while Redis is away. */
export function observeWorkers(meter: Meter, registry: WorkerRegistry): void {
  const observed = [
    ...Object.entries(gauges).map(([name, { description, read }]) => ({
      instrument: meter.createObservableGauge(name, { description }),
      read,
    })),
    ...Object.entries(counters).map(([name, { description, read }]) => ({
      instrument: meter.createObservableCounter(name, { description }),
      read,
    })),
  ];
  meter.addBatchObservableCallback(
    async result => {
      for (const worker of await registry.list().catch(() => [])) {
        for (const { instrument, read } of observed) {
          const value = read(worker);
          if (value !== undefined) result.observe(instrument, value, { worker: worker.id, node: worker.node });
        }
      }
    },
    observed.map(({ instrument }) => instrument),
  );
}
