import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { originKey } from '../../common/origin/originKey.ts';
import { keys } from '../../common/redis/keys.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { secret, startTestApi, type TestApi } from '../testing/testApi.ts';
import { ownStream, startLiveStream } from './testing/liveStreams.ts';
import { StandInOrigin } from './testing/standInOrigin.ts';

const PLAYLIST = `#EXTM3U\n${'#EXT-X-PART:DURATION=0.33333,URI="show_p1.ts"\n'.repeat(40)}`;
const BLOCKED = 'max-age=12';

let server: TestRedis;
let redis: Redis;
let api: TestApi;
let origin: StandInOrigin;
/** Started by a test. */
const others: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  api = await startTestApi(server.url);
});
beforeEach(async () => {
  await redis.flushall();
  origin = await StandInOrigin.start();
});
afterEach(async () => {
  await origin.die().catch(() => undefined);
  for (const other of others.splice(0)) await other.stop();
});
afterAll(async () => {
  await api.stop();
  redis.disconnect();
  await server.stop();
});

let count = 0;
/** A stream of its own for each test: the API remembers streams for a second. */
async function live(options: Parameters<typeof startLiveStream>[3] = {}, at: string | undefined = origin.url) {
  count += 1;
  const id = `show-${count}`;
  await startLiveStream(redis, id, at, options);
  return id;
}

const get = (path: string, headers: Record<string, string> = {}, at = api.url) =>
  fetch(`${at}/live${path}`, { headers, redirect: 'manual' });

async function secondOrigin(): Promise<StandInOrigin> {
  const second = await StandInOrigin.start();
  others.push({ stop: () => second.die().catch(() => undefined) });
  return second;
}

describe('a low-latency stream', () => {
  test('its playlist comes from its worker, for any page, with the worker’s cache header', async () => {
    const id = await live();
    origin.has(`/${id}/${id}.m3u8`, { body: PLAYLIST, cache: 'max-age=1' });
    const answer = await get(`/${id}/${id}.m3u8`, { 'accept-encoding': 'identity' });
    expect([answer.status, await answer.text()]).toEqual([200, PLAYLIST]);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/vnd.apple.mpegurl',
      'cache-control': 'max-age=1',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      vary: 'Accept-Encoding',
      'content-length': String(PLAYLIST.length),
    });
    expect([...origin.keys]).toEqual([`Bearer ${originKey(secret)}`]);
  });

  test.each([
    ['br', 'gzip, deflate, br', brotliDecompressSync],
    ['gzip', 'gzip, deflate', gunzipSync],
    ['gzip', 'br;q=0, gzip', gunzipSync],
  ])('a playlist is sent as %s to who accepts %s', async (coding, accepted, decode) => {
    const id = await live();
    origin.has(`/${id}/${id}.m3u8`, { body: PLAYLIST });
    const answer = await rawGet(`${api.url}/live/${id}/${id}.m3u8`, { 'accept-encoding': accepted });
    expect(answer.headers['content-encoding']).toBe(coding);
    expect(answer.body.length).toBeLessThan(PLAYLIST.length / 2);
    expect(decode(answer.body).toString()).toBe(PLAYLIST);
  });

  test('a thousand viewers that wait for a part cost the worker one request', async () => {
    const id = await live();
    const query = '?_HLS_msn=7&_HLS_part=2';
    // Whatever else a query has, and in whatever order, it is the same request.
    const queries = [query, '?_HLS_part=2&_HLS_msn=7', '?_HLS_msn=7&cachebuster=1&_HLS_part=02'];
    const viewers = Array.from({ length: 300 }, (_, i) => get(`/${id}/${id}.m3u8${queries[i % 3]}`));
    await expect.poll(() => origin.held).toEqual([`/${id}/${id}.m3u8${query}`]);
    origin.has(`/${id}/${id}.m3u8${query}`, { body: PLAYLIST, cache: BLOCKED });
    for (const answer of await Promise.all(viewers))
      expect([answer.status, await answer.text()]).toEqual([200, PLAYLIST]);
    const later = await get(`/${id}/${id}.m3u8${query}`);
    expect([later.status, await later.text()]).toEqual([200, PLAYLIST]);
    expect(origin.asked).toEqual([`/${id}/${id}.m3u8${query}`]);
  });

  test('each directive makes another request', async () => {
    const id = await live();
    const queries = [
      '',
      '?_HLS_msn=7',
      '?_HLS_msn=7&_HLS_part=0',
      '?_HLS_msn=7&_HLS_part=0&_HLS_skip=YES',
      '?_HLS_skip=v2',
    ];
    for (const query of queries) origin.has(`/${id}/${id}.m3u8${query}`, { body: `#EXTM3U ${query}`, cache: BLOCKED });
    for (const query of queries) expect(await (await get(`/${id}/${id}.m3u8${query}`)).text()).toBe(`#EXTM3U ${query}`);
    expect(origin.asked).toHaveLength(queries.length);
  });

  test('ranges of a part', async () => {
    const id = await live();
    origin.has(`/${id}/${id}_p3.ts`, { body: Buffer.from('0123456789'), cache: 'max-age=12' });
    const part = (range: string) => get(`/${id}/${id}_p3.ts`, { range });
    const two = await part('bytes=2-3');
    expect([two.status, two.headers.get('content-range'), await two.text()]).toEqual([206, 'bytes 2-3/10', '23']);
    expect(await (await part('bytes=-4')).text()).toBe('6789');
    expect(await (await part('bytes=8-')).text()).toBe('89');
    expect((await part('bytes=3-2')).status).toBe(200);
    const past = await part('bytes=10-');
    expect([past.status, past.headers.get('content-range')]).toEqual([416, 'bytes */10']);
    expect(await past.json()).toMatchObject({ code: 'range_unsatisfiable' });
    expect(origin.asked).toHaveLength(1);
  });

  test('HEAD has the headers alone, and a preflight is answered', async () => {
    const id = await live();
    origin.has(`/${id}/${id}_p3.ts`, { body: Buffer.from('0123456789') });
    const head = await fetch(`${api.url}/live/${id}/${id}_p3.ts`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', '']);
    const preflight = await fetch(`${api.url}/live/${id}/${id}_p3.ts`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://a',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'range',
      },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([204, 'range']);
    const post = await fetch(`${api.url}/live/${id}/${id}_p3.ts`, { method: 'POST' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  test('an answer that was kept says its age', async () => {
    const id = await live();
    origin.has(`/${id}/${id}_p3.ts`, { body: Buffer.from('x'), cache: 'max-age=600' });
    await get(`/${id}/${id}_p3.ts`);
    await expect.poll(async () => (await get(`/${id}/${id}_p3.ts`)).headers.get('age')).toBe('1');
    expect(origin.asked).toHaveLength(1);
  });
});

describe('what is refused', () => {
  test.each([
    ['_HLS_part=1', '_HLS_part: must come with _HLS_msn'],
    ['_HLS_msn=-1', '_HLS_msn: must be a whole number'],
    ['_HLS_msn=1.5', '_HLS_msn: must be a whole number'],
    ['_HLS_msn=', '_HLS_msn: must be a whole number'],
    ['_HLS_msn=1&_HLS_msn=2', '_HLS_msn: must be given once'],
    ['_HLS_msn=1&_HLS_part=100000', '_HLS_part: must be less than 200'],
    ['_HLS_skip=NO', '_HLS_skip: must be YES or v2'],
  ])('?%s', async (query, detail) => {
    const id = await live();
    const answer = await get(`/${id}/${id}.m3u8?${query}`);
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'parameter_invalid', detail }]);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(origin.asked).toEqual([]);
  });

  test('the worker’s own refusals, as long as it says', async () => {
    const id = await live();
    origin.has(`/${id}/${id}.m3u8?_HLS_msn=99`, {
      ...{ status: 400, type: 'application/json', cache: 'max-age=1', body: '{"error":"must be at most 12"}' },
    });
    const answer = await get(`/${id}/${id}.m3u8?_HLS_msn=99`);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([400, 'max-age=1']);
    expect(await answer.json()).toMatchObject({ code: 'parameter_invalid', detail: '_HLS_msn: must be at most 12' });
    const missing = await get(`/${id}/${id}_999.ts`);
    expect([missing.status, await missing.json()]).toMatchObject([404, { code: 'not_found' }]);
  });

  test.each([
    '',
    '/',
    '/show',
    '/none/none.m3u8',
    '/show/other.m3u8',
    '/show/show.txt',
    '/show/../show/show.m3u8',
    '/show/show.m3u8/x',
    '/show/%73how.m3u8',
    '/a/b/c/d.m3u8',
  ])('%s is not there', async path => {
    const answer = await rawGet(`${api.url}/live${path}`);
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ status: 404 });
  });
});

describe('what the bucket has', () => {
  test('a stream without parts, and one that has ended, are played from there', async () => {
    const reduced = await live({ latency: 'reduced' });
    const ended = await live();
    await redis.hset(keys.stream(ended), { state: 'STOPPED' });
    for (const id of [reduced, ended]) {
      for (const file of [`${id}.m3u8`, `${id}_master.m3u8`, `${id}_0.m3u8`, `${id}_000.ts`, `${id}_1_012.ts`]) {
        const answer = await get(`/${id}/${file}`);
        expect([answer.status, answer.headers.get('location')]).toEqual([302, `/video/${id}/${file}`]);
        expect(answer.headers.get('cache-control')).toBe('no-store');
        expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      }
      expect((await get(`/${id}/${id}_p12.ts`)).status).toBe(404);
    }
    expect(origin.asked).toEqual([]);
  });

  test('a segment that the worker has no more', async () => {
    const id = await live();
    origin.has(`/${id}/${id}_000.ts`, { status: 302, location: 'https://bucket.example/x' });
    const answer = await get(`/${id}/${id}_000.ts`);
    expect([answer.status, answer.headers.get('location')]).toEqual([302, `/video/${id}/${id}_000.ts`]);
  });
});

describe('when the worker changes', () => {
  const query = '?_HLS_msn=7&_HLS_part=2';

  test('requests that wait at a worker that dies are answered by the next one', async () => {
    const id = await live();
    const viewer = get(`/${id}/${id}.m3u8${query}`);
    await expect.poll(() => origin.held).toHaveLength(1);
    await origin.die();
    const next = await secondOrigin();
    next.has(`/${id}/${id}.m3u8${query}`, { body: PLAYLIST });
    await ownStream(redis, id, next.url);
    expect((await viewer).status).toBe(200);
  });

  test('the newest part of a playlist is there although its worker has died meanwhile', async () => {
    const id = await live();
    origin.has(`/${id}/${id}_p1-9.ts`, { body: Buffer.from('part'), cache: 'max-age=12' });
    origin.has(`/${id}/${id}.m3u8`, { body: PLAYLIST, link: `<${id}_p1-9.ts>; rel=preload` });
    await get(`/${id}/${id}.m3u8`);
    await expect.poll(() => origin.asked).toContain(`/${id}/${id}_p1-9.ts`);
    const next = await secondOrigin();
    await ownStream(redis, id, next.url);
    await origin.die();
    const part = await get(`/${id}/${id}_p1-9.ts`);
    expect([part.status, await part.text()]).toEqual([200, 'part']);
    expect(next.asked).toEqual([]);
  });

  test('so are those of a worker that gives its stream away', async () => {
    const id = await live();
    const viewer = get(`/${id}/${id}.m3u8${query}`);
    await expect.poll(() => origin.held).toHaveLength(1);
    origin.disown();
    const next = await secondOrigin();
    next.has(`/${id}/${id}.m3u8${query}`, { body: PLAYLIST });
    await ownStream(redis, id, next.url);
    expect((await viewer).status).toBe(200);
  });

  test('and of one that accepts and never answers', async () => {
    const frozen = createServer().listen(0, '127.0.0.1');
    const sockets: Socket[] = [];
    frozen.on('connection', socket => sockets.push(socket.on('error', () => undefined)));
    await once(frozen, 'listening');
    try {
      const id = await live({}, `http://127.0.0.1:${(frozen.address() as AddressInfo).port}`);
      const viewer = get(`/${id}/${id}.m3u8${query}`);
      await expect.poll(() => sockets.length).toBe(1);
      origin.has(`/${id}/${id}.m3u8${query}`, { body: PLAYLIST });
      await ownStream(redis, id, origin.url);
      expect((await viewer).status).toBe(200);
    } finally {
      for (const socket of sockets) socket.destroy();
      frozen.close();
    }
  });

  test('after three target durations without one: 503', async () => {
    const impatient = await startTestApi(server.url, { REDUCED_SEGMENT_SECONDS: '1' });
    others.push(impatient);
    const id = await live();
    await origin.die();
    const begun = performance.now();
    const answer = await get(`/${id}/${id}.m3u8${query}`, {}, impatient.url);
    expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'origin_unavailable', retryable: true }]);
    expect(performance.now() - begun).toBeGreaterThan(2_900);
    expect(performance.now() - begun).toBeLessThan(15_000);
  });

  test('a stream that has not begun has nothing to wait for', async () => {
    const id = await live({}, undefined);
    await redis.hset(keys.stream(id), { state: 'INITIALISED' });
    await redis.hdel(keys.stream(id), 'streamingAt');
    expect((await get(`/${id}/${id}.m3u8`)).status).toBe(404);
  });

  test('while Redis is away the worker that is known goes on serving', async () => {
    const own = await startRedis();
    const client = new Redis(own.url);
    const other = await startTestApi(own.url);
    others.push(other);
    await startLiveStream(client, 'show', origin.url);
    for (let part = 0; part < 50; part += 1) origin.has(`/show/show_p${part}.ts`, { body: Buffer.from('x') });
    expect((await get('/show/show_p0.ts', {}, other.url)).status).toBe(200);
    client.disconnect();
    await own.stop();
    const begun = performance.now();
    for (let part = 1; performance.now() - begun < 1_500; part = (part + 1) % 50) {
      expect((await get(`/show/show_p${part}.ts`, {}, other.url)).status).toBe(200);
    }
    expect((await get('/other/other_p1.ts', {}, other.url)).status).toBe(503);
  });

  test('an API that stops ends what it holds', async () => {
    const other = await startTestApi(server.url);
    const id = await live();
    const viewer = get(`/${id}/${id}.m3u8${query}`, {}, other.url);
    await expect.poll(() => origin.held).toHaveLength(1);
    const begun = performance.now();
    await other.stop();
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect((await viewer).status).toBe(503);
  });
});

interface Raw {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** fetch() decodes bodies and resolves paths. */
async function rawGet(url: string, headers: Record<string, string> = {}): Promise<Raw> {
  const { request } = await import('node:http');
  const { host, hostname, port } = new URL(url);
  const path = url.slice(url.indexOf(host) + host.length);
  const sent = request({ hostname, port, path, headers }).end();
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}
