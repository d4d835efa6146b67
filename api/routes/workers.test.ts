import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { idleWorker } from '../../common/testing/idleWorker.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import { startTestApi, type TestApi } from '../testing/testApi.ts';

let server: TestRedis;
let redis: Redis;
let api: TestApi;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  api = await startTestApi(server.url);
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  await api.stop();
  redis.disconnect();
  await server.stop();
});

describe('GET /api/workers', () => {
  test('shows each living worker', async () => {
    const spool = { spoolFreeBytes: 5, spoolUsedBytes: 3, spoolMaxBytes: 9 };
    const load = { cpu: 0.123, eventLoopMs: 21.5, slowestEncode: 0.998, behindSeconds: 0.51, ...spool };
    const profiles = { passthrough: 2, transcode: 1 };
    const busy = 'its event loop lags by 300 ms';
    await new WorkerRegistry(redis).heartbeat(
      idleWorker('w', { load, busy, streams: 3, used: 1.1, profiles, full: false }),
      60_000,
    );
    expect(await api.ask('GET', '/api/workers')).toMatchObject({
      status: 200,
      body: {
        success: true,
        data: [
          {
            ...{ id: 'w', node: 'n1', address: '192.0.2.1', version: '1.0.0', since: '2026-09-21T14:13:20.000Z' },
            ...{ slots: 2, streams: 3, units_used: 1.1, profiles, full: false, draining: false, busy },
            load: {
              ...{ cpu: 0.12, event_loop_ms: 21.5, slowest_encode: 1, behind_seconds: 0.51 },
              ...{ spool_free_bytes: 5, spool_used_bytes: 3, spool_max_bytes: 9 },
            },
            totals: {
              segments_listed: 0,
              listing_ms: 0,
              gaps_listed: 0,
              puts_failed: 0,
              segments_dropped: 0,
              values_skipped: 0,
              fallbacks: 0,
            },
          },
        ],
      },
    });
  });

  test('a worker is drained and undrained', async () => {
    const registry = new WorkerRegistry(redis);
    await registry.heartbeat(idleWorker('w', { streams: 1 }), 60_000);
    const answer = await api.ask('PATCH', '/v1/workers/w', { draining: true });
    expect(answer).toMatchObject({
      status: 200,
      body: { id: 'w', draining: true, drained: false, drained_by: 'worker', staying: null },
    });
    const staying = '1 stream stays: no other worker has room';
    await registry.heartbeat(idleWorker('w', { streams: 1, draining: true, staying }), 60_000);
    expect((await api.ask('GET', '/v1/workers')).body.data).toMatchObject([{ drained: false, staying }]);
    await registry.heartbeat(idleWorker('w', { draining: true }), 60_000);
    expect((await api.ask('GET', '/v1/workers')).body.data).toMatchObject([{ drained: true, staying: null }]);
    await registry.heartbeat(idleWorker('w'), 60_000);
    expect(await api.ask('PATCH', '/v1/workers/w', { draining: false })).toMatchObject({
      status: 200,
      body: { draining: false, drained: false, drained_by: null },
    });
  });

  test('a node is drained and undrained, also without workers', async () => {
    const registry = new WorkerRegistry(redis);
    await registry.heartbeat(idleWorker('w', { streams: 2 }), 60_000);
    expect(await api.ask('PATCH', '/v1/nodes/n1', { draining: true })).toMatchObject({
      status: 200,
      body: { node: 'n1', draining: true, drained: false, workers: ['w'], streams: 2 },
    });
    expect((await api.ask('GET', '/v1/workers')).body.data).toMatchObject([{ draining: true, drained_by: 'node' }]);
    await registry.leave('w');
    expect((await api.ask('GET', '/v1/nodes')).body.data).toEqual([
      { node: 'n1', draining: true, drained: true, workers: [], streams: 0, last_seen: expect.any(String) },
    ]);
    expect(await api.ask('PATCH', '/v1/nodes/n1', { draining: false })).toMatchObject({ body: { draining: false } });
  });

  test('what there is none of is not drained', async () => {
    expect(await api.ask('PATCH', '/v1/workers/none', { draining: true })).toMatchObject({
      status: 404,
      body: { code: 'worker_not_found' },
    });
    expect(await api.ask('PATCH', '/v1/nodes/none', { draining: true })).toMatchObject({
      status: 404,
      body: { code: 'node_not_found' },
    });
    expect(await api.ask('PATCH', '/v1/workers/none', { draining: 'yes' })).toMatchObject({
      status: 400,
      body: { code: 'body_invalid' },
    });
    expect(await redis.keys('*drained*')).toEqual([]);
  });

  test('of an older worker each stream takes a unit', async () => {
    await new WorkerRegistry(redis).heartbeat(idleWorker('w', { streams: 2 }), 60_000);
    expect((await api.ask('GET', '/api/workers')).body.data).toMatchObject([
      { slots: 2, streams: 2, units_used: 2, profiles: null, full: true },
    ]);
  });

  test('wants a signature, and no other method', async () => {
    expect((await api.call('GET', '/api/workers', undefined, null)).status).toBe(400);
    expect((await api.ask('POST', '/api/workers')).status).toBe(405);
  });

  test('/readyz says no while all are draining', async () => {
    await new WorkerRegistry(redis).heartbeat(idleWorker('w', { draining: true }), 60_000);
    expect(await api.call('GET', '/readyz')).toMatchObject({
      status: 503,
      body: { checks: { workers: 'all are draining' }, workers: { alive: 1, taking: 0 } },
    });
  });
});
