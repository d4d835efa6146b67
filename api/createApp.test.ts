import { connect } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../common/redis/keys.ts';
import { idleWorker } from '../common/testing/idleWorker.ts';
import { startRedis, type TestRedis } from '../common/testing/startRedis.ts';
import { WorkerRegistry } from '../common/workers/workerRegistry.ts';
import { logIn } from './testing/logIn.ts';
import { startTestApi, type TestApi } from './testing/testApi.ts';

let server: TestRedis;
let redis: Redis;
let api: TestApi;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  api = await startTestApi(server.url, { ADMIN_PASSWORD: 'pass:word' });
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  await api.stop();
  redis.disconnect();
  await server.stop();
});

const text = async (path: string): Promise<string> => (await fetch(`${api.url}${path}`)).text();

describe("an error is a problem document, and of Livetran's calls what Livetran answers", () => {
  const big = JSON.stringify({ stream_id: 'a', x: 'x'.repeat(1_000_000) });
  test.each([
    ['an unknown address', 'GET', '/nothing', undefined, 404],
    ['an unknown address below /api', 'POST', '/api/nothing', '{}', 404],
    ['an address outside', 'GET', '/../etc/passwd', undefined, 404],
    ['a wrong method', 'GET', '/api/start-stream', undefined, 405],
    ['a wrong method', 'DELETE', '/healthz', undefined, 405],
    ['a wrong method', 'POST', '/video/a/a.m3u8', '', 405],
    ['a body of 1 MB', 'POST', '/api/start-stream', big, 413],
    ['a path that is no UTF-8', 'GET', '/watch/%E0%A4%A', undefined, 400],
  ])('%s: %s %s', async (_name, method, path, body, status) => {
    const answer = await api.call(method, path, body);
    if (path === '/api/start-stream') {
      expect(answer).toMatchObject({ status, body: { success: false, error: expect.any(String) } });
      expect(Object.keys(answer.body)).toEqual(['success', 'error']);
    } else {
      const fields = ['type', 'title', 'status', 'detail', 'next', 'code', 'retryable', 'request_id'];
      expect(Object.keys(answer.body)).toEqual([...fields, ...(path.startsWith('/api/') ? ['success', 'error'] : [])]);
      expect(answer.body).toMatchObject({ status, type: `/docs/errors#${answer.body.code}` });
      expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    }
    expect(answer.status).toBe(status);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('100 kB of body are taken', async () => {
    const body = JSON.stringify({ stream_id: 'a', x: 'x'.repeat(100 * 1_024 - 50) });
    expect((await api.call('POST', '/api/start-stream', body)).status).toBe(200);
  });

  test('a compressed body is refused', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const answer = await fetch(`${api.url}/api/start-stream`, { method: 'POST', body: 'x', headers });
    expect(answer.status).toBe(415);
    expect(await answer.json()).toEqual({ success: false, error: 'unsupported media type' });
  });

  test('a record that cannot be read says so, and what to do', async () => {
    await redis.set(keys.stream('a'), 'not a hash');
    const answer = await api.ask('GET', '/api/status?stream_id=a');
    expect(answer).toMatchObject({ status: 409, body: { error: expect.stringContaining('cannot be read') } });
  });

  test('a mistake of ours shows no detail', async () => {
    await redis.acl('SETUSER', 'default', '-hgetall');
    try {
      const answer = await api.ask('GET', '/api/status?stream_id=a');
      expect(answer).toMatchObject({ status: 500, body: { error: 'internal error; the server has logged it' } });
    } finally {
      await redis.acl('SETUSER', 'default', '+@all');
    }
  });
});

test('answers carry the security headers, and do not name the software', async () => {
  const { headers } = await fetch(`${api.url}/healthz`);
  expect(headers.get('content-security-policy')).toContain("script-src 'self';");
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('x-powered-by')).toBeNull();
  // On localhost it would force HTTPS on every other local server of a developer.
  expect(headers.get('strict-transport-security')).toBeNull();
});

test('answers of the API run nothing and are never cached', async () => {
  const { headers } = await fetch(`${api.url}/v1/streams`);
  expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('x-powered-by')).toBeNull();
});

describe('health', () => {
  test('/healthz and /readyz', async () => {
    expect(await text('/healthz')).toBe('{"status":"ok"}');
    expect(await api.call('GET', '/readyz')).toMatchObject({
      status: 503,
      body: { ready: false, checks: { redis: 'ok', workers: 'no worker is alive' } },
    });
    await new WorkerRegistry(redis).heartbeat(idleWorker('w1'), 5_000);
    expect(await api.call('GET', '/readyz')).toMatchObject({
      status: 200,
      body: { ready: true, checks: { redis: 'ok', workers: 'ok' }, workers: { alive: 1, taking: 1 } },
    });
  });

  test('/metrics counts streams by state and times requests by route', async () => {
    await api.call('POST', '/api/start-stream', '{"stream_id":"a"}');
    await api.call('POST', '/api/start-stream', '{"stream_id":"b"}');
    await api.ask('GET', '/api/streams/a');
    await redis.hset(keys.stream('b'), 'state', 'STREAMING');
    // They are as old as a second.
    await expect.poll(() => text('/metrics'), { timeout: 10_000 }).toMatch(/^streams_info\{.*"STREAMING".*\} 1$/m);
    const metrics = await text('/metrics');
    expect(metrics).toMatch(/^streams_info\{.*status="INITIALISED".*\} 1$/m);
    expect(metrics).toMatch(/^streams_info\{.*status="READY".*\} 0$/m);
    expect(metrics).toMatch(/^streams_info\{.*status="STREAMING".*\} 1$/m);
    const count = String.raw`^http_server_request_duration_seconds_count\{.*route="/api/streams/:stream_id".*status="200".*\} \d+$`;
    expect(metrics).toMatch(new RegExp(count, 'm'));
    // A caller must not be able to make series at will.
    expect(metrics).not.toContain('nothing');
  });
});

describe('/admin/queues', () => {
  test('shows streams, webhooks and the uploads of each node', async () => {
    await redis.hset('bull:uploads-node.one:meta', 'version', 'x');
    // The list is read on every (re)connection and every 10 s: a process that has just started has it at once.
    const other = await startTestApi(server.url, { ADMIN_PASSWORD: 'pass:word' });
    const session = await logIn(other.url, 'admin', 'pass:word');
    const listed = async () => {
      const answer = await fetch(`${other.url}/admin/queues/api/queues`, { headers: session });
      const { queues } = (await answer.json()) as { queues: { name: string }[] };
      return queues.map(queue => queue.name);
    };
    try {
      await expect.poll(listed, { timeout: 10_000 }).toEqual(['streams', 'webhooks', 'retention', 'uploads-node.one']);
    } finally {
      await other.stop();
    }
  });

  test('does not exist without a password', async () => {
    const other = await startTestApi(server.url);
    try {
      expect((await fetch(`${other.url}/admin/queues`)).status).toBe(404);
    } finally {
      await other.stop();
    }
  });
});

test('a client that goes away in the middle of its body does no harm', async () => {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  const head = 'POST /api/start-stream HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"str';
  await new Promise<void>(resolve => socket.write(head, () => resolve()));
  socket.destroy();
  expect(await text('/healthz')).toBe('{"status":"ok"}');
});
