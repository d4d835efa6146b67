import type { WorkerStatus } from '../workers/workerStatus.ts';

/** What a worker with a free slot says of itself. For tests. */
export const idleWorker = (id: string, more: Partial<WorkerStatus> = {}): WorkerStatus => ({
  id,
  node: 'n1',
  address: '192.0.2.1',
  version: '1.0.0',
  since: 1_790_000_000_000,
  slots: 2,
  streams: 0,
  draining: false,
  load: { cpu: 0.5, eventLoopMs: 21, spoolFreeBytes: 1e9 },
  totals: {
    segmentsListed: 0,
    listingMs: 0,
    gapsListed: 0,
    putsFailed: 0,
    segmentsDropped: 0,
    valuesSkipped: 0,
    fallbacks: 0,
  },
  ...more,
});
