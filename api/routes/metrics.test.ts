import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Metrics } from '../../common/metrics/createMetrics.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { metricsText } from '../metrics/metricsText.ts';
import { startTestApi } from '../testing/testApi.ts';

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

async function freePort(): Promise<number> {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  other.close();
  await once(other, 'close');
  return port;
}

const token = 'a-token-for-metrics-only';

test('METRICS_TOKEN: only who knows it reads them', async () => {
  const api = await startTestApi(server.url, { METRICS_TOKEN: token });
  const status = async (authorization?: string) =>
    (await fetch(`${api.url}/metrics`, { headers: authorization === undefined ? {} : { authorization } })).status;
  try {
    expect(await status()).toBe(401);
    expect(await status('Bearer wrong')).toBe(401);
    expect(await status(`Basic ${token}`)).toBe(401);
    expect(await status(`Bearer ${token}`)).toBe(200);
  } finally {
    await api.stop();
  }
});

test('METRICS_PORT: they are there and nothing else is, and not at the API', async () => {
  const port = await freePort();
  const api = await startTestApi(server.url, { METRICS_PORT: `${port}` });
  const own = `http://127.0.0.1:${port}`;
  try {
    expect((await fetch(`${api.url}/metrics`)).status).toBe(404);
    expect(await (await fetch(`${own}/metrics`)).text()).toContain('streams_info');
    expect((await fetch(`${own}/healthz`)).status).toBe(404);
  } finally {
    await api.stop();
  }
  await expect(fetch(`${own}/metrics`)).rejects.toThrow();
});

describe('metricsText', () => {
  function counted() {
    let collections = 0;
    let now = 0;
    const prometheus = async (): Promise<string> => {
      collections += 1;
      if (collections === 2) throw new Error('no luck');
      return `#${collections}`;
    };
    const text = metricsText({ prometheus } as unknown as Metrics, 1_000, () => now);
    return {
      text,
      pass: (ms: number): void => {
        now += ms;
      },
    };
  }

  test('one collection for all who ask within a second; a failed one is not kept', async () => {
    const { text, pass } = counted();
    expect(await Promise.all([text(), text(), text()])).toEqual(['#1', '#1', '#1']);
    pass(999);
    expect(await text()).toBe('#1');
    pass(1);
    await expect(text()).rejects.toThrow('no luck');
    expect(await text()).toBe('#3');
  });
});
