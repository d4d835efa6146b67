import { once } from 'node:events';
import { type IncomingMessage, request as send } from 'node:http';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { signRequest } from '../../common/signature.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { secret, startTestApi, type TestApi } from '../testing/testApi.ts';

let server: TestRedis;
let redis: Redis;
const running: TestApi[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
beforeEach(async () => {
  await redis.flushall();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(api => api.stop()));
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

async function start(environment: Record<string, string>): Promise<TestApi> {
  const api = await startTestApi(server.url, environment);
  running.push(api);
  return api;
}

const statuses = async (count: number, ask: () => Promise<{ status: number }>): Promise<number[]> => {
  const seen: number[] = [];
  for (let n = 0; n < count; n += 1) seen.push((await ask()).status);
  return seen;
};

describe('the limit of a key', () => {
  test('is counted over all processes, in headers, and says when to come back', async () => {
    const limit = { RATE_LIMIT_PER_KEY: '3', RATE_LIMIT_PER_ADDRESS: '600' };
    const [one, two] = [await start(limit), await start(limit)];
    const first = await one.ask('GET', '/v1/streams');
    expect(first.headers.get('ratelimit-policy')).toBe('"key";q=3;w=60, "address";q=600;w=60');
    expect(first.headers.get('ratelimit')).toBe('"key";r=2;t=20, "address";r=599;t=1');
    expect(await statuses(3, () => two.ask('GET', '/v1/streams'))).toEqual([200, 200, 429]);
    const refused = await one.ask('GET', '/v1/streams');
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited', retryable: true } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(15);
    expect(refused.headers.get('ratelimit')).toMatch(/^"key";r=0;t=60/);
  });

  test('of Livetran’s own calls is that of HMAC_SECRET', async () => {
    const api = await start({ RATE_LIMIT_PER_KEY: '2' });
    const ask = () => api.call('POST', '/api/stop-stream', '{"stream_id":"a"}');
    expect(await statuses(3, ask)).toEqual([400, 400, 429]);
    expect((await api.ask('GET', '/v1/streams')).status).toBe(429);
  });

  test('can be its own, and 0 is no limit', async () => {
    const api = await start({ RATE_LIMIT_PER_KEY: '0', RATE_LIMIT_PER_ADDRESS: '0' });
    const { body } = await api.ask('POST', '/v1/keys', { scopes: ['streams:read'], requests_per_minute: 1 });
    const key = body as unknown as { id: string; secret: string };
    expect(await statuses(2, () => api.askAs(key, 'GET', '/v1/streams'))).toEqual([200, 429]);
    const free = await api.ask('GET', '/v1/streams');
    expect([free.status, free.headers.get('ratelimit')]).toEqual([200, null]);
  });
});

describe('the limit of an address', () => {
  test('counts refused signatures tenfold, and then refuses before Redis, the signature and the body', async () => {
    // A request more in 10 s: time enough for this test.
    const api = await start({ RATE_LIMIT_PER_ADDRESS: '6' });
    expect((await api.call('GET', '/v1/streams', undefined, 'wrong')).status).toBe(403);
    await vi.waitFor(async () => expect((await api.ask('GET', '/v1/streams')).status).toBe(429));
    // No byte of the body is sent: an answer that waits for it would not come.
    const request = send(`${api.url}/v1/streams`, { method: 'POST', headers: { 'content-length': '1000' } });
    request.on('error', () => undefined).flushHeaders();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(429);
    request.destroy();
    process.kill(server.pid, 'SIGSTOP');
    try {
      const begun = performance.now();
      expect((await api.call('GET', '/v1/streams', undefined, 'wrong')).status).toBe(429);
      expect(performance.now() - begun).toBeLessThan(1_000);
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
  });

  test('is that of the client behind a trusted proxy, and of the proxy where none is trusted', async () => {
    const path = '/v1/streams';
    const ask = async (api: TestApi, from: string) => {
      const time = ((performance.timeOrigin + performance.now()) / 1_000).toFixed(6);
      const signature = signRequest({ time, method: 'GET', path, body: '' }, secret);
      return fetch(`${api.url}${path}`, { headers: { 'lt-signature': signature, 'x-forwarded-for': from } });
    };
    const trusting = await start({ RATE_LIMIT_PER_ADDRESS: '1', TRUSTED_PROXIES: 'loopback' });
    // What the client itself wrote before its proxy's entry does not count.
    expect(await statuses(1, () => ask(trusting, '198.51.100.1'))).toEqual([200]);
    expect(await statuses(2, () => ask(trusting, '203.0.113.9, 198.51.100.1'))).toEqual([429, 429]);
    expect(await statuses(1, () => ask(trusting, '198.51.100.2'))).toEqual([200]);
    expect(await redis.exists(keys.rateLimit('address:198.51.100.1'))).toBe(1);
    await redis.flushall();
    const suspicious = await start({ RATE_LIMIT_PER_ADDRESS: '1' });
    expect(await statuses(1, () => ask(suspicious, '198.51.100.3'))).toEqual([200]);
    expect(await statuses(1, () => ask(suspicious, '198.51.100.4'))).toEqual([429]);
    expect(await redis.exists(keys.rateLimit('address:127.0.0.1'))).toBe(1);
  });
});
