import { request } from 'node:http';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { signBody } from '../../common/signature.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { secret, startTestApi, type TestApi } from '../testing/testApi.ts';

let server: TestRedis;
let redis: Redis;
let queue: Queue;
let api: TestApi;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  queue = new Queue('streams', { connection: redis });
  api = await startTestApi(server.url);
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  await api.stop();
  await queue.close();
  redis.disconnect();
  await server.stop();
});

const start = (body: unknown) => api.call('POST', '/api/start-stream', JSON.stringify(body));
const stop = (body: unknown) => api.call('POST', '/api/stop-stream', JSON.stringify(body));
const failure = (error: unknown) => ({ success: false, error });

describe('start-stream', () => {
  test('answers as Livetran did, and hands the run to the queue', async () => {
    const answer = await start({ stream_id: 'show-1', webhook_urls: ['http://a.example/x'], abr: true });
    expect(answer).toMatchObject({ status: 200, body: { success: true, data: 'Stream launching!' } });
    const record = await redis.hgetall(keys.stream('show-1'));
    expect(record).toMatchObject({ state: 'INITIALISED', abr: '1', webhookUrls: '["http://a.example/x"]' });
    const [job] = await queue.getJobs(['waiting']);
    expect(job).toMatchObject({ id: `show-1.${record.run}`, data: { streamId: 'show-1', run: record.run } });
  });

  test.each([
    ['only the id', { stream_id: 'a' }, { abr: '0', webhookUrls: '[]' }],
    ['null for what is optional', { stream_id: 'a', webhook_urls: null, abr: null }, { abr: '0', webhookUrls: '[]' }],
    ['fields nobody knows', { stream_id: 'a', record: true, x: {} }, { abr: '0' }],
    ['a profile', { stream_id: 'a', profile: 'passthrough' }, { abr: '0', profile: 'passthrough' }],
    ['a profile and its abr', { stream_id: 'a', profile: 'ladder', abr: true }, { abr: '1', profile: 'ladder' }],
    ['auto', { stream_id: 'a', profile: 'auto', abr: true }, { abr: '1', profile: 'ladder' }],
    ['a latency', { stream_id: 'a', latency: 'reduced' }, { latency: 'reduced' }],
    ['null for a latency', { stream_id: 'a', latency: null }, { latency: 'standard' }],
    ['a passphrase', { stream_id: 'a', passphrase: 'correct horse' }, { passphrase: 'correct horse' }],
    ['one URL twice', { stream_id: 'a', webhook_urls: ['http://b/', 'http://b/'] }, { webhookUrls: '["http://b/"]' }],
  ])('accepts %s', async (_name, body, record) => {
    expect((await start(body)).status).toBe(200);
    expect(await redis.hgetall(keys.stream('a'))).toMatchObject(record);
  });

  test('refuses a second start while the first runs', async () => {
    await start({ stream_id: 'a' });
    const answer = await start({ stream_id: 'a' });
    expect(answer).toMatchObject({ status: 409, body: failure(expect.stringContaining('already INITIALISED')) });
    expect(await queue.getJobCounts('waiting')).toEqual({ waiting: 1 });
  });

  test('starts a stopped stream again as a new run', async () => {
    await start({ stream_id: 'a' });
    const first = await redis.hget(keys.stream('a'), 'run');
    await stop({ stream_id: 'a' });
    expect((await start({ stream_id: 'a' })).status).toBe(200);
    expect(await redis.hget(keys.stream('a'), 'run')).not.toBe(first);
  });

  const eleven = Array.from({ length: 11 }, (_, i) => `http://a/${i}`);
  test.each([
    ['no JSON', '{"stream_id":', 'the body must be a JSON object'],
    ['nothing', '', 'the body must be a JSON object'],
    ['null', 'null', 'the body must be a JSON object'],
    ['a list', '[]', 'the body must be a JSON object'],
    ['no id', '{}', 'stream_id must be a string'],
    ['a number as id', '{"stream_id":7}', 'stream_id must be a string'],
    ['an empty id', '{"stream_id":""}', 'stream_id must be 1 to 64'],
    ['an id that is a path', '{"stream_id":"../x"}', 'stream_id must be 1 to 64'],
    ['a newline after the id', '{"stream_id":"x\\n"}', 'stream_id must be 1 to 64'],
    ['an id of 65', JSON.stringify({ stream_id: 'x'.repeat(65) }), 'stream_id must be 1 to 64'],
    ['an abr that is a word', '{"stream_id":"a","abr":"yes"}', 'abr: must be true or false'],
    ['a latency that is none', '{"stream_id":"a","latency":"none"}', 'latency: must be standard, reduced or low'],
    ['a short passphrase', '{"stream_id":"a","passphrase":"short"}', 'passphrase: must have 10 to 79 bytes'],
    ['a passphrase that is none', '{"stream_id":"a","passphrase":1234567890}', 'passphrase: must have 10 to 79 bytes'],
    ['a profile that is none', '{"stream_id":"a","profile":"copy"}', 'profile: must be auto, transcode, passthrough'],
    [
      'a profile against abr',
      '{"stream_id":"a","profile":"ladder","abr":false}',
      'profile: ladder contradicts abr: false',
    ],
    ['a URL without list', '{"stream_id":"a","webhook_urls":"http://a/"}', 'webhook_urls: must be a list of URLs'],
    [
      'a URL of another scheme',
      '{"stream_id":"a","webhook_urls":["ftp://a/"]}',
      'webhook_urls.0: must be an http or https',
    ],
    [
      'a URL of a private address',
      '{"stream_id":"a","webhook_urls":["http://169.254.169.254/x"]}',
      'webhook_urls: webhooks may not go to 169.254.169.254',
    ],
    ['eleven URLs', JSON.stringify({ stream_id: 'a', webhook_urls: eleven }), 'webhook_urls: must have at most 10'],
  ])('refuses %s with 400', async (_name, body, error) => {
    const answer = await api.call('POST', '/api/start-stream', body);
    expect(answer).toMatchObject({ status: 400, body: failure(expect.stringContaining(error)) });
    expect(await redis.exists(keys.live)).toBe(0);
  });
});

describe('signature', () => {
  const body = '{"stream_id":"a"}';
  test.each([
    ['none', null, 400],
    ['an empty one', '', 400],
    ['one of another body', signBody('{"stream_id":"b"}', secret), 403],
    ['one by another secret', signBody(body, `${secret}!`), 403],
    ['one of the same length that is not hex', 'z'.repeat(64), 403],
    ['half of the right one', signBody(body, secret).slice(0, 32), 403],
    ['the right one in capitals', signBody(body, secret).toUpperCase(), 200],
    ['the right one', signBody(body, secret), 200],
  ])('%s: %s', async (_name, signature, status) => {
    expect((await api.call('POST', '/api/start-stream', body, signature)).status).toBe(status);
  });

  test('is checked before the body is parsed', async () => {
    expect((await api.call('POST', '/api/start-stream', '{broken', 'f00')).status).toBe(403);
    expect((await api.call('POST', '/api/stop-stream', '{broken', null)).status).toBe(400);
  });

  test('covers the bytes as they were sent, spaces and all', async () => {
    expect((await api.call('POST', '/api/start-stream', ' { "stream_id" : "ä\\u0061" }\n')).status).toBe(400);
    expect((await api.call('POST', '/api/start-stream', ' { "stream_id" : "a" }\n')).status).toBe(200);
  });

  test('no answer holds the secret or the signature that was expected', async () => {
    const answer = await api.call('POST', '/api/start-stream', body, 'f00');
    expect(JSON.stringify(answer.body)).not.toMatch(new RegExp(`${secret}|${signBody(body, secret)}`));
  });
});

describe('stop-stream', () => {
  test('stops a stream that no worker took, and takes its job back', async () => {
    await start({ stream_id: 'a' });
    expect(await stop({ stream_id: 'a' })).toMatchObject({
      status: 200,
      body: { success: true, data: 'Stream stopped!' },
    });
    expect(await redis.hget(keys.stream('a'), 'state')).toBe('STOPPED');
    await expect.poll(() => queue.getJobCounts('waiting'), { timeout: 10_000 }).toEqual({ waiting: 0 });
  });

  test('leaves the end of a stream that runs to its owner', async () => {
    await start({ stream_id: 'a' });
    await redis.hset(keys.stream('a'), { state: 'STREAMING', owner: 'worker' });
    expect((await stop({ stream_id: 'a' })).status).toBe(200);
    expect(await redis.hgetall(keys.stream('a'))).toMatchObject({ state: 'STREAMING', desired: 'stop' });
    expect(await queue.getJobCounts('waiting')).toEqual({ waiting: 1 });
  });

  test('refuses an unknown and a stopped stream as Livetran did', async () => {
    expect(await stop({ stream_id: 'a' })).toMatchObject({ status: 400, body: failure('Task not found') });
    await start({ stream_id: 'a' });
    await stop({ stream_id: 'a' });
    expect(await stop({ stream_id: 'a' })).toMatchObject({ status: 400, body: failure('Task not found') });
  });
});

describe('status', () => {
  test('takes the id from the query with the timestamped signature', async () => {
    await start({ stream_id: 'a' });
    const answer = await api.ask('GET', '/api/status?stream_id=a');
    expect(answer).toMatchObject({ status: 202, body: { success: true, data: 'Status: INITIALISED' } });
  });

  test('is not read with the signature of the empty body, which is the same for every stream', async () => {
    await start({ stream_id: 'a' });
    const answer = await api.call('GET', '/api/status?stream_id=a', undefined, signBody('', secret));
    expect(answer).toMatchObject({ status: 403, body: failure(expect.stringContaining('t=<unix seconds>')) });
    expect((await api.call('GET', '/api/status?stream_id=a', undefined, null)).status).toBe(400);
  });

  test('takes the id from a body, as the original does', async () => {
    await start({ stream_id: 'a' });
    await redis.hset(keys.stream('a'), 'state', 'STREAMING');
    const answer = await getWithBody(`${api.url}/api/status`, '{"stream_id":"a"}');
    expect(answer).toEqual({ status: 202, body: '{"success":true,"data":"Status: STREAMING"}' });
  });

  test('still knows a stopped stream', async () => {
    await start({ stream_id: 'a' });
    await stop({ stream_id: 'a' });
    expect((await api.ask('GET', '/api/status?stream_id=a')).body.data).toBe('Status: STOPPED');
  });

  test.each([
    ['an unknown id', '/api/status?stream_id=nobody', 'Task not found'],
    ['no id', '/api/status', 'stream_id must be a string'],
    ['two ids', '/api/status?stream_id=a&stream_id=b', 'stream_id must be a string'],
  ])('refuses %s', async (_name, path, error) => {
    expect(await api.ask('GET', path)).toMatchObject({ status: 400, body: failure(error) });
  });
});

test('LEGACY_API=off: the three calls do not exist, the resource API does', async () => {
  const other = await startTestApi(server.url, { LEGACY_API: 'off' });
  try {
    expect((await other.call('POST', '/api/start-stream', '{"stream_id":"a"}')).status).toBe(404);
    expect((await other.call('POST', '/api/stop-stream', '{"stream_id":"a"}')).status).toBe(404);
    expect((await other.ask('GET', '/api/status?stream_id=a')).status).toBe(404);
    expect((await getWithBody(`${other.url}/api/status`, '{"stream_id":"a"}')).status).toBe(404);
    expect((await other.ask('POST', '/api/streams', { stream_id: 'a' })).status).toBe(201);
  } finally {
    await other.stop();
  }
});

test('MAX_STREAMS: 429 with Retry-After while so many streams are not STOPPED', async () => {
  const other = await startTestApi(server.url, { MAX_STREAMS: '3' });
  try {
    const ids = Array.from({ length: 10 }, (_, i) => `s${i}`);
    const answers = await Promise.all(ids.map(id => other.ask('POST', '/api/streams', { stream_id: id })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, ...Array(7).fill(429)]);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.body.error).toContain('MAX_STREAMS');
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    const started = ids[answers.findIndex(({ status }) => status === 201)];
    await other.ask('DELETE', `/api/streams/${started}`);
    expect((await other.ask('POST', '/api/streams', { stream_id: 'next' })).status).toBe(201);
  } finally {
    await other.stop();
  }
});

/** fetch() sends no body with GET; HTTP allows it, and Livetran's clients do it. */
function getWithBody(url: string, body: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'lt-signature': signBody(body, secret), 'content-length': Buffer.byteLength(body) };
    request(url, { method: 'GET', headers }, async response => {
      resolve({ status: response.statusCode, body: Buffer.concat(await response.toArray()).toString() });
    })
      .on('error', reject)
      .end(body);
  });
}
