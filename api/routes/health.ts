import { Router } from 'express';
import type { Redis } from 'ioredis';
import type { Metrics } from '../../common/createMetrics.ts';
import { WorkerRegistry } from '../../common/workerRegistry.ts';
import { onlyMethods } from './onlyMethods.ts';

/** `/healthz` (the process serves), `/readyz` (streams can be started), `/metrics` (Prometheus text). Unsigned. */
export function healthRoutes(deps: { redis: Redis; metrics: Metrics }): Router {
  const registry = new WorkerRegistry(deps.redis);
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
      const checks = await readiness(registry);
      const ready = Object.values(checks).every(outcome => outcome === 'ok');
      response
        .set('Cache-Control', 'no-store')
        .status(ready ? 200 : 503)
        .json({ ready, checks });
    })
    .all(onlyMethods('GET'));
  router
    .route('/metrics')
    .get(async (_request, response) => {
      response
        .set('Cache-Control', 'no-store')
        .type('text/plain; version=0.0.4')
        .send(await deps.metrics.prometheus());
    })
    .all(onlyMethods('GET'));
  return router;
}

async function readiness(registry: WorkerRegistry): Promise<{ redis: string; workers: string }> {
  try {
    const alive = await registry.alive();
    return { redis: 'ok', workers: alive.length > 0 ? 'ok' : 'no worker is alive' };
  } catch {
    // Whatever the connection says, for those who ask it is one fact; the connection's own log has the cause.
    return { redis: 'does not answer', workers: 'unknown' };
  }
}
