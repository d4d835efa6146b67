import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../common/redis/keys.ts';
import { signRequest } from '../common/signature.ts';
import { idleWorker } from '../common/testing/idleWorker.ts';
import { startRedis, type TestRedis } from '../common/testing/startRedis.ts';
import { WorkerRegistry } from '../common/workers/workerRegistry.ts';
import { logIn } from './testing/logIn.ts';
import { secret, startTestApi, type TestApi } from './testing/testApi.ts';

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

async function skipped(kind: string): Promise<number> {
  const line = (await text('/metrics'))
    .split('\n')
    .find(of => of.startsWith('livetran_redis_values_skipped_total{') && of.includes(`kind="${kind}"`));
  return Number(line?.split(' ').at(-1) ?? 0);
}

const unreadable = expect.stringContaining('delete the key livetran:stream:bad');

describe('a stream record that does not parse', () => {
  test.each([
    ['a state that does not exist', { state: 'SPINNING' }],
    ['a time that is no number', { createdAt: 'soon' }],
    ['a time that no calendar has', { updatedAt: '1e300' }],
    ['webhooks that are no JSON', { webhookUrls: '[' }],
    ['webhooks that are no list', { webhookUrls: '{"a":1}' }],
    ['a sequence that is no number', { seq: 'x' }],
    ['a refusal that is no JSON', { lastRefusal: '{' }],
  ])('%s: the list has the others', async (_name, fields) => {
    for (const id of ['good', 'bad']) await api.ask('POST', '/api/streams', { stream_id: id });
    await redis.hset(keys.stream('bad'), fields);
    const before = await skipped('stream record');
    const answer = await api.ask('GET', '/api/streams');
    expect(answer).toMatchObject({ status: 200, body: { data: [{ stream_id: 'good' }] } });
    await expect.poll(() => skipped('stream record'), { timeout: 10_000 }).toBeGreaterThan(before);
    expect(await api.ask('GET', '/api/streams/bad')).toMatchObject({ status: 409, body: { error: unreadable } });
  });

  test('a key of another type: the list and the count have the others', async () => {
    for (const id of ['good', 'bad']) await api.ask('POST', '/api/streams', { stream_id: id });
    await redis.set(keys.stream('bad'), 'not a hash');
    expect((await api.ask('GET', '/api/streams')).body.data).toMatchObject([{ stream_id: 'good' }]);
    const refused = { status: 409, body: { error: unreadable } };
    expect(await api.ask('GET', '/api/streams/bad')).toMatchObject(refused);
    expect(await api.ask('DELETE', '/api/streams/bad')).toMatchObject(refused);
    expect(await api.ask('POST', '/api/streams', { stream_id: 'bad' })).toMatchObject(refused);
    await expect.poll(() => text('/metrics'), { timeout: 10_000 }).toMatch(/^streams_info\{.*"INITIALISED".*\} 1$/m);
  });
});

describe('a worker record that does not parse', () => {
  test.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['another shape', '{"id":7}'],
    ['a time that no calendar has', JSON.stringify(idleWorker('bad', { since: 1e300 }))],
    ['a number that is too big to be one', JSON.stringify(idleWorker('bad')).replace('"slots":2', '"slots":1e999')],
  ])('%s: the others are ready and listed', async (_name, value) => {
    await new WorkerRegistry(redis).heartbeat(idleWorker('good'), 60_000);
    await redis.zadd(keys.workers, Date.now() + 60_000, 'bad');
    await redis.set(keys.worker('bad'), value);
    expect(await api.call('GET', '/readyz')).toMatchObject({ status: 200, body: { ready: true } });
    const listed = await api.ask('GET', '/api/workers');
    expect(listed).toMatchObject({ status: 200, body: { data: [{ id: 'good' }] } });
    await expect.poll(() => skipped('worker status'), { timeout: 10_000 }).toBeGreaterThan(0);
  });
});

describe('an entry of the history that is no event', () => {
  const good = (id: string, seq: number): string[] => [
    ...['streamId', id, 'seq', `${seq}`, 'run', 'r', 'token', '1', 'state', 'READY', 'reason', 'listening'],
    ...['streamLink', '', 'srtUrl', '', 'webhookUrls', '[]', 'time', '1790000000000', 'update', 'up'],
  ];
  const but = (name: string, value: string): string[] => {
    const fields = good('a', 1);
    fields[fields.indexOf(name) + 1] = value;
    return fields;
  };

  test.each([
    ['garbage', ['garbage', 'yes']],
    ['no name', ['', '']],
    ['one field', ['streamId', 'a']],
    ['half an event', good('a', 1).slice(0, 8)],
    ['webhooks that are no JSON', but('webhookUrls', '[')],
    ['a time that no calendar has', but('time', '1e300')],
    ['a second event hidden in the state', but('state', 'READY\ndata: {}\n\nevent: STOPPED')],
    ['a second event hidden in the run', but('run', 'r\n\nevent: STOPPED')],
    ['an event of 1 MB', but('update', 'x'.repeat(1_000_000))],
  ])('%s: listeners get the next one', async (_name, fields) => {
    await api.ask('POST', '/api/streams', { stream_id: 'a' });
    const path = '/api/streams/a/events';
    const time = Date.now() / 1_000;
    const headers = { 'lt-signature': signRequest({ time, method: 'GET', path, body: '' }, secret) };
    const gone = new AbortController();
    const answer = await fetch(`${api.url}${path}`, { headers, signal: gone.signal });
    let told = '';
    let published = false;
    for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
      told += Buffer.from(chunk).toString();
      if (/^event: READY\n/m.test(told)) break;
      if (published || !told.includes('event: ')) continue;
      // The present state has come; what is written from now on is heard.
      published = true;
      await redis.xadd(keys.eventHistory, '*', ...fields);
      await redis.xadd(keys.eventHistory, '*', ...good('a', 9));
    }
    gone.abort();
    const names = [...told.matchAll(/^event: (.*)$/gm)].map(([, name]) => name);
    expect(names).toEqual(['INITIALISED', 'READY']);
    await expect.poll(() => skipped('event'), { timeout: 10_000 }).toBeGreaterThan(0);
  });
});

test('queues whose names are no names do not hide those that are', async () => {
  const bad = Array.from({ length: 20 }, (_, i) => `uploads-a:${i}`);
  for (const name of [...bad, 'uploads-', 'uploads-good']) await redis.hset(`bull:${name}:meta`, 'version', 'x');
  const other = await startTestApi(server.url, { ADMIN_PASSWORD: 'pass:word' });
  const headers = await logIn(other.url, 'admin', 'pass:word');
  const listed = async () => {
    const answer = await fetch(`${other.url}/admin/queues/api/queues`, { headers });
    return ((await answer.json()) as { queues: { name: string }[] }).queues.map(({ name }) => name);
  };
  try {
    await expect.poll(listed, { timeout: 10_000 }).toEqual(['streams', 'webhooks', 'retention', 'uploads-good']);
  } finally {
    await other.stop();
  }
});
