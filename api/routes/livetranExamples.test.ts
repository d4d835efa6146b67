import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { signBody } from '../../common/signature.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { startTestApi, type TestApi } from '../testing/testApi.ts';

// The requests that the Go Livetran publishes in its README, its API reference, its collection of requests and its SDK,
// byte for byte. The collection's signatures were made with this secret.

const secret = 'my_super_secret_key';

let server: TestRedis;
let redis: Redis;
let api: TestApi;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  api = await startTestApi(server.url, { HMAC_SECRET: secret });
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  await api.stop();
  redis.disconnect();
  await server.stop();
});

interface Published {
  line: string;
  body: string;
  /** As published; else made over the body, as the text beside the request says. */
  signature?: string;
}

const readme = {
  start: {
    line: 'POST /api/start-stream',
    body: '{"stream_id":"req1","webhook_urls":["https://example.com/webhook"],"abr":true}',
  },
  stop: { line: 'POST /api/stop-stream', body: '{"stream_id":"req1"}' },
  status: { line: 'GET /api/status', body: '{"stream_id":"req1"}' },
};
const collection = {
  start: {
    line: 'POST /api/start-stream',
    body: '{\n    "stream_id": "req1",\n    "webhook_urls": [],\n    "abr": true\n}',
    signature: 'e7c5164cd6598ae63363640993d6ab048352d8eb03cf81a8491cce2816e373f6',
  },
  stop: {
    line: 'POST /api/stop-stream',
    body: '{\n  "stream_id": "req1"\n}',
    signature: 'dd5548bf371a2c1b2aee295e23ff39493adf587f35cddac76f4058efca4ad832',
  },
  status: {
    line: 'GET /api/status',
    body: '{\n  "stream_id": "req1"\n}',
    signature: 'dd5548bf371a2c1b2aee295e23ff39493adf587f35cddac76f4058efca4ad832',
  },
};
const reference = {
  start: {
    line: 'POST /api/start-stream',
    body: '{\n  "stream_id": "your-unique-stream-id",\n  "webhook_urls": [\n    "https://your-server.com/livetran-updates"\n  ]\n}',
  },
  stop: { line: 'POST /api/stop-stream', body: '{\n  "stream_id": "your-unique-stream-id"\n}' },
  status: { line: 'GET /api/status', body: '{\n  "stream_id": "your-unique-stream-id"\n}' },
};
/** What the SDK sends: JSON.stringify of its arguments. */
const sdk = {
  start: {
    line: 'POST /api/start-stream',
    body: '{"stream_id":"my-awesome-stream","webhook_urls":["https://my-service.com/webhook"],"abr":true}',
  },
  stop: { line: 'POST /api/stop-stream', body: '{"stream_id":"my-awesome-stream"}' },
  status: { line: 'GET /api/status', body: '{"stream_id":"my-awesome-stream"}' },
};

/** Writes the request on a connection of its own, as published: a GET with a body too. */
async function send(to: TestApi, { line, body, signature }: Published): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(to.url);
  const head = [
    `${line} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    'Connection: close',
    'Content-Type: application/json',
    `LT-SIGNATURE: ${signature ?? signBody(body, secret)}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  const socket = connect(Number(port), hostname);
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  const answer = Buffer.concat(await socket.toArray()).toString();
  const [top = '', ...rest] = answer.split('\r\n\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(top)?.[1]), text: rest.join('\r\n\r\n') };
}

describe.each([
  ["the README's", readme, '1'],
  ["the collection's, with the published signatures", collection, '1'],
  ["the API reference's", reference, '0'],
  ["the SDK's", sdk, '1'],
])('%s requests', (_name, published, abr) => {
  test('start, status and stop answer as published', async () => {
    expect(await send(api, published.start)).toEqual({
      status: 200,
      text: '{"success":true,"data":"Stream launching!"}',
    });
    const { stream_id: id } = JSON.parse(published.start.body) as { stream_id: string };
    expect(await redis.hgetall(keys.stream(id))).toMatchObject({ state: 'INITIALISED', abr });
    await redis.hset(keys.stream(id), { state: 'STREAMING', owner: 'a-worker' });
    expect(await send(api, published.status)).toEqual({
      status: 202,
      text: '{"success":true,"data":"Status: STREAMING"}',
    });
    expect(await send(api, published.stop)).toEqual({
      status: 200,
      text: '{"success":true,"data":"Stream stopped!"}',
    });
    expect(await redis.hget(keys.stream(id), 'desired')).toBe('stop');
  });

  test('LEGACY_API=off turns each of them off', async () => {
    const modern = await startTestApi(server.url, { HMAC_SECRET: secret, LEGACY_API: 'off' });
    try {
      for (const request of Object.values(published)) expect((await send(modern, request)).status).toBe(404);
      expect(await redis.exists(keys.live)).toBe(0);
    } finally {
      await modern.stop();
    }
  });
});

test('a playlist and a segment are at the published address', async () => {
  await mkdir(join(api.dir, 'req1'), { recursive: true });
  await writeFile(join(api.dir, 'req1', 'req1_master.m3u8'), '#EXTM3U\n');
  await writeFile(join(api.dir, 'req1', 'req1_0_000.ts'), 'x'.repeat(188));
  const playlist = await fetch(`${api.url}/video/req1/req1_master.m3u8`);
  const segment = await fetch(`${api.url}/video/req1/req1_0_000.ts`);
  expect([playlist.status, playlist.headers.get('content-type')]).toEqual([200, 'application/vnd.apple.mpegurl']);
  expect([segment.status, segment.headers.get('content-type')?.toLowerCase()]).toEqual([200, 'video/mp2t']);
  await Promise.all([playlist.arrayBuffer(), segment.arrayBuffer()]);
});

test('a page of another origin may call them', async () => {
  const origin = 'https://app.example';
  const preflight = await fetch(`${api.url}/api/start-stream`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,lt-signature',
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
  expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
  expect(preflight.headers.get('access-control-allow-headers')).toBe('content-type,lt-signature');
  const { body } = readme.start;
  const headers = { origin, 'content-type': 'application/json', 'lt-signature': signBody(body, secret) };
  const answer = await fetch(`${api.url}/api/start-stream`, { method: 'POST', headers, body });
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
  expect(answer.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  await answer.arrayBuffer();
});
