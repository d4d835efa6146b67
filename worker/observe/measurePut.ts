import type { UploadJob } from '../../common/redis/queues.ts';
import type { Tracing } from '../../common/tracing/createTracing.ts';
import type { WorkerMetrics } from './workerMetrics.ts';

/** Makes a function that is called at the begin of each PUT of a segment. What it returns is called at the end, with the error if it failed. */
export const measurePut =
  (metrics: Pick<WorkerMetrics, 'uploaded'>, tracing: Tracing | undefined) =>
  ({ key, trace: parent }: UploadJob): ((error?: Error) => void) => {
    const begun = performance.now();
    // Without a parent the segment is not traced.
    const span =
      parent === undefined ? undefined : tracing?.start('PUT', { parent, kind: 'client', attributes: { key } });
    return error => {
      span?.end(error && { error: error.name });
      metrics.uploaded(performance.now() - begun, error ? 'failed' : 'stored');
    };
  };
