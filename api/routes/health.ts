import { Router } from 'express';
import type { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import { takesStreams, type WorkerStatus } from '../../common/workers/workerStatus.ts';
import { onlyMethods } from '../http/onlyMethods.ts';

/** `/healthz` (the process serves) and `/readyz` (streams can be started). Unsigned. */
export function healthRoutes(registry: WorkerRegistry): Router {
  const router = Router();
  router
    .route('/healthz')
    .get((_request, response) => {
      response.set('Cache-Control', 'no-store').json({ status: 'ok' });
    })
    .all(onlyMethods('GET'));
  router
    .route('/readyz')
    .get(async (_request, response) => {
      const { checks, workers } = await readiness(registry);
      const ready = Object.values(checks).every(outcome => outcome === 'ok');
      response
        .set('Cache-Control', 'no-store')
        .status(ready ? 200 : 503)
        .json({ ready, checks, workers });
    })
    .all(onlyMethods('GET'));
  return router;
}

interface Readiness {
  checks: { redis: string; workers: string };
  /** How many are alive; how many of them have room for another stream. */
  workers: { alive: number; taking: number };
}

async function readiness(registry: WorkerRegistry): Promise<Readiness> {
  try {
    const alive = await registry.list();
    const outcome = alive.length === 0 ? 'no worker is alive' : alive.every(isDraining) ? 'all are draining' : 'ok';
    const workers = { alive: alive.length, taking: alive.filter(takesStreams).length };
    return { checks: { redis: 'ok', workers: outcome }, workers };
  } catch {
    // Whatever the connection says, for those who ask it is one fact; the connection's own log has the cause.
    return { checks: { redis: 'does not answer', workers: 'unknown' }, workers: { alive: 0, taking: 0 } };
  }
}

const isDraining = ({ draining }: WorkerStatus): boolean => draining;
