import { type RequestHandler, Router } from 'express';
import type { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import type { WorkerStatus } from '../../common/workers/workerStatus.ts';
import { askRedis } from '../http/askRedis.ts';
import { onlyMethods } from './onlyMethods.ts';

/** `GET /api/workers`: the live workers, oldest first. */
export function workerRoutes(registry: WorkerRegistry, signed: RequestHandler): Router {
  const router = Router();
  router
    .route('/api/workers')
    .get(signed, async (_request, response) => {
      response.json({ success: true, data: (await askRedis(() => registry.list())).map(workerJson) });
    })
    .all(onlyMethods('GET'));
  return router;
}

/** A worker as the resource API shows it. Times are ISO 8601; what there is none of is null. */
function workerJson({ load, since, busy, totals, used, profiles, full, ...worker }: WorkerStatus) {
  return {
    ...worker,
    units_used: used ?? worker.streams,
    profiles: profiles ?? null,
    full: full ?? worker.streams >= worker.slots,
    busy: busy ?? null,
    since: new Date(since).toISOString(),
    load: {
      cpu: round(load.cpu),
      event_loop_ms: round(load.eventLoopMs),
      slowest_encode: load.slowestEncode === undefined ? null : round(load.slowestEncode),
      spool_free_bytes: load.spoolFreeBytes,
    },
    totals: totals
      ? {
          segments_listed: totals.segmentsListed,
          listing_ms: Math.round(totals.listingMs),
          gaps_listed: totals.gapsListed,
          puts_failed: totals.putsFailed,
          segments_dropped: totals.segmentsDropped,
          values_skipped: totals.valuesSkipped,
          fallbacks: totals.fallbacks,
        }
      : null,
  };
}

const round = (value: number): number => Math.round(value * 100) / 100;
