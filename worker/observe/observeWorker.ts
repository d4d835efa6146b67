import type { Meter } from '@opentelemetry/api';
import type { HealthProblem } from '../../common/stream/streamHealth.ts';
import type { WorkerStatus } from '../../common/workers/workerStatus.ts';

type Read = (worker: WorkerStatus) => number | undefined;

const gauges: Record<string, [description: string, read: Read]> = {
  worker_slots: ['Units of the worker (WORKER_STREAMS)', ({ slots }) => slots],
  worker_units_used: ['Units that its streams take', ({ used, streams }) => used ?? streams],
  worker_streams: ['Streams that it runs', ({ streams }) => streams],
  worker_draining: [
    '1 while it takes no more streams: it is drained, or is to stop',
    ({ draining }) => Number(draining),
  ],
  worker_overloaded: [
    '1 while it takes no streams although it has slots',
    ({ busy, draining }) => Number(busy !== undefined && !draining),
  ],
  worker_event_loop_delay_seconds: ['99th percentile', ({ load }) => load.eventLoopMs / 1_000],
  worker_slowest_encode_ratio: ['Seconds of media a second of its slowest encode', ({ load }) => load.slowestEncode],
  worker_spool_free_bytes: ["Free on the spool's disk", ({ load }) => load.spoolFreeBytes],
};

const counters: Record<string, [description: string, read: Read]> = {
  gaps_listed_total: ['Segments listed as EXT-X-GAP', ({ totals }) => totals?.gapsListed],
  upload_retries_total: [
    'PUTs of segments that failed, most to succeed at the next attempt',
    ({ totals }) => totals?.putsFailed,
  ],
  segments_dropped_total: [
    'Segments that left the spool without being stored',
    ({ totals }) => totals?.segmentsDropped,
  ],
  source_fallbacks_total: [
    'How often a source could not be passed on and was transcoded',
    ({ totals }) => totals?.fallbacks,
  ],
};

/**
 * What a worker says of itself when its metrics are read.
 * @param read.problems what is wrong with its streams now
 */
export function observeWorker(
  meter: Meter,
  read: { status: () => WorkerStatus; problems: () => readonly HealthProblem[] },
): void {
  const observed = [
    ...Object.entries(gauges).map(([name, [description, value]]) => ({
      instrument: meter.createObservableGauge(`livetran_${name}`, { description }),
      value,
    })),
    ...Object.entries(counters).map(([name, [description, value]]) => ({
      instrument: meter.createObservableCounter(`livetran_${name}`, { description }),
      value,
    })),
  ];
  const all = observed.map(({ instrument }) => instrument);
  meter.addBatchObservableCallback(result => {
    const status = read.status();
    for (const { instrument, value } of observed) {
      const now = value(status);
      if (now !== undefined) result.observe(instrument, now);
    }
  }, all);
  const unhealthy = meter.createObservableGauge('livetran_streams_unhealthy', {
    description: 'Streams with a problem now, by problem and by whose fault it is',
  });
  unhealthy.addCallback(result => {
    for (const { problem, fault, count } of countBy(read.problems())) result.observe(count, { problem, fault });
  });
}

function countBy(problems: readonly HealthProblem[]): { problem: string; fault: string; count: number }[] {
  const groups = Map.groupBy(problems, ({ code, fault }) => `${code} ${fault}`);
  return [...groups].map(([name, { length: count }]) => {
    const [problem = '', fault = ''] = name.split(' ');
    return { problem, fault, count };
  });
}
