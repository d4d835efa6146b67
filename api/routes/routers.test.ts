import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { RouterRegistry } from '../../common/routers/routerRegistry.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { startTestApi, type TestApi } from '../testing/testApi.ts';

let server: TestRedis;
let redis: Redis;
let api: TestApi;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  api = await startTestApi(server.url);
});
afterAll(async () => {
  await api?.stop();
  redis?.disconnect();
  await server?.stop();
});

test('GET /v1/routers shows each living router, also one of an earlier version', async () => {
  expect(await api.ask('GET', '/v1/routers')).toMatchObject({ status: 200, body: { data: [] } });
  const older = {
    ...{ packetsUp: 9, packetsDown: 4, inductions: 3, orphans: 2, kernelDrops: 1 },
    ...{ refusals: { 1401: 5 }, losses: { refused: 1 }, drifts: { migrated: 1 } },
  };
  const totals = { ...older, bytesUp: 90, bytesDown: 40, rebinds: 6, unanswered: 7 };
  const status = { id: 'n1-1', host: 'srt.example.com', port: 9_000, version: '1', since: 1_790_000_000_000, flows: 2 };
  await new RouterRegistry(redis).heartbeat({ ...status, totals }, 60_000);
  await new RouterRegistry(redis).heartbeat({ ...status, id: 'n2-1', since: status.since + 1, totals }, 60_000);
  await redis.set(
    keys.router('n2-1'),
    JSON.stringify({ ...status, id: 'n2-1', since: status.since + 1, totals: older }),
  );
  const { body } = await api.ask('GET', '/v1/routers');
  const common = { address: 'srt.example.com', port: 9_000, version: '1', connections: 2 };
  const counted = { packets_up: 9, packets_down: 4, kernel_drops: 1, refused: { 1401: 5 } };
  const drifted = { workers_lost: { refused: 1 }, moved: { migrated: 1 } };
  expect(body.data).toEqual([
    {
      ...{ ...common, id: 'n1-1', since: '2026-09-21T14:13:20.000Z' },
      totals: { ...counted, ...drifted, bytes_up: 90, bytes_down: 40, rebinds: 6, unanswered: 7 },
    },
    {
      ...{ ...common, id: 'n2-1', since: '2026-09-21T14:13:20.001Z' },
      totals: { ...counted, ...drifted, bytes_up: 0, bytes_down: 0, rebinds: 0, unanswered: 0 },
    },
  ]);
});
