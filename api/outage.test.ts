import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { idleWorker } from '../common/testing/idleWorker.ts';
import { startRedis, type TestRedis } from '../common/testing/startRedis.ts';
import { WorkerRegistry } from '../common/workers/workerRegistry.ts';
import { startTestApi, type TestApi } from './testing/testApi.ts';

let server: TestRedis;
let api: TestApi | undefined;

afterEach(async () => {
  await api?.stop();
  api = undefined;
  await server.stop();
});

const body = '{"stream_id":"a"}';
const refused = { success: false, error: expect.stringContaining('try again') };
const problem = { code: 'redis_unavailable', status: 503, detail: expect.stringContaining('try again') };

/** Every call that needs Redis, and its answer's status, with the longest time that one took. */
async function askAll(of: TestApi): Promise<{ statuses: number[]; slowestMs: number }> {
  const begun = performance.now();
  const answers = await Promise.all([
    of.call('POST', '/api/start-stream', body),
    of.call('POST', '/api/stop-stream', body),
    of.ask('GET', '/api/status?stream_id=a'),
    of.ask('GET', '/api/streams'),
    of.call('GET', '/watch/a/state'),
    of.call('GET', '/readyz'),
  ]);
  for (const answer of answers.slice(0, 3)) expect(answer.body).toEqual(refused);
  for (const answer of answers.slice(3, -1)) expect(answer.body).toMatchObject(problem);
  for (const answer of answers.slice(0, -1)) expect(answer.headers.get('retry-after')).toBe('1');
  return { statuses: answers.map(answer => answer.status), slowestMs: performance.now() - begun };
}

const startsStream = (of: TestApi) => async () => (await of.call('POST', '/api/start-stream', body)).status;

describe('Redis away', () => {
  test('from the start: the API starts, refuses at once, and recovers by itself', async () => {
    server = await startRedis();
    const { port } = server;
    await server.stop();
    api = await startTestApi(server.url, { ADMIN_PASSWORD: 'pass:word' });
    const { statuses, slowestMs } = await askAll(api);
    expect(statuses).toEqual([503, 503, 503, 503, 503, 503]);
    expect(slowestMs).toBeLessThan(1_000);
    expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${api.url}/watch/a`)).status).toBe(200);
    const metrics = await fetch(`${api.url}/metrics`);
    expect(metrics.status).toBe(200);
    expect(await metrics.text()).not.toContain('streams_info{');
    server = await startRedis(port);
    await expect.poll(startsStream(api), { timeout: 10_000 }).toBe(200);
  });

  test('and back: what was running before is served again', async () => {
    server = await startRedis();
    api = await startTestApi(server.url);
    expect(await startsStream(api)()).toBe(200);
    await server.stop();
    await expect.poll(startsStream(api), { timeout: 10_000 }).toBe(503);
    expect((await askAll(api)).slowestMs).toBeLessThan(1_000);
    server = await startRedis(server.port);
    const redis = new Redis(server.url);
    await new WorkerRegistry(redis).heartbeat(idleWorker('w'), 60_000);
    redis.disconnect();
    const { url } = api;
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 10_000 }).toBe(200);
    expect(await startsStream(api)()).toBe(200);
  });

  test('silent instead of gone: refused after a moment, not never', async () => {
    server = await startRedis();
    api = await startTestApi(server.url);
    process.kill(server.pid, 'SIGSTOP');
    const { statuses, slowestMs } = await askAll(api);
    process.kill(server.pid, 'SIGCONT');
    expect(statuses).toEqual([503, 503, 503, 503, 503, 503]);
    expect(slowestMs).toBeLessThan(2_500);
    await expect.poll(startsStream(api), { timeout: 10_000 }).not.toBe(503);
  });

  test('at the end: stopping does not wait for it', async () => {
    server = await startRedis();
    api = await startTestApi(server.url, { ADMIN_PASSWORD: 'pass:word' });
    await server.stop();
    await expect.poll(startsStream(api), { timeout: 10_000 }).toBe(503);
    const begun = performance.now();
    await api.stop();
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});
