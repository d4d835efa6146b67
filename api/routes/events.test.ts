import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { signRequest } from '../../common/signature.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { secret, startTestApi, type TestApi } from '../testing/testApi.ts';

interface Told {
  id: string;
  event: string;
  data: Record<string, unknown>;
}

let server: TestRedis;
let redis: Redis;
let streams: StreamStore;
let api: TestApi;
const closing: (() => void)[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  redis.on('error', () => undefined);
  streams = new StreamStore(redis);
  api = await startTestApi(server.url);
});
beforeEach(async () => {
  await redis.flushall();
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
});
afterAll(async () => {
  await api.stop();
  redis.disconnect();
  await server.stop();
});

/** Follows a stream's events as a client does. */
async function follow(id: string, of = api) {
  const path = `/api/streams/${id}/events`;
  const signature = signRequest({ time: Date.now() / 1_000, method: 'GET', path, body: '' }, secret);
  const gone = new AbortController();
  closing.push(() => gone.abort());
  const answer = await fetch(`${of.url}${path}`, { headers: { 'lt-signature': signature }, signal: gone.signal });
  const told: Told[] = [];
  const read = async (): Promise<void> => {
    let text = '';
    for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      const messages = text.split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) if (message.startsWith('id: ')) told.push(parse(message));
    }
  };
  // Its own end of the connection is no failure.
  const ended = read().catch(error => gone.signal.aborted || Promise.reject(error));
  return { answer, told, ended };
}

function parse(message: string): Told {
  const fields = new Map(message.split('\n').map(line => line.split(/: (.*)/s, 2) as [string, string]));
  const [id, event, data] = ['id', 'event', 'data'].map(name => fields.get(name) ?? '') as [string, string, string];
  return { id, event, data: JSON.parse(data) as Told['data'] };
}

const options = { profile: 'transcode', webhookUrls: [] } as const;

test('the present state first, then every change, of this stream only', async () => {
  const run = await streams.start('show', options);
  await streams.start('other', options);
  const { answer, told } = await follow('show');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  await vi.waitFor(() => expect(told).toHaveLength(1), 10_000);
  await streams.stop('other');
  await streams.stop('show');
  const again = await streams.start('show', options);
  await vi.waitFor(() => expect(told).toHaveLength(3), 10_000);
  expect(told.map(({ id, event }) => ({ id, event }))).toEqual([
    { id: `${run}-0-1`, event: 'INITIALISED' },
    { id: `${run}-0-2`, event: 'STOPPED' },
    { id: `${again}-0-3`, event: 'INITIALISED' },
  ]);
  expect(told[1]?.data).toEqual({
    ...{ event_id: `${run}-0-2`, sequence: 2, stream_id: 'show', run, state: 'STOPPED', reason: 'user_stop' },
    ...{ update: 'Stopped before a worker took the stream', srt_url: null, stream_link: null, recording_link: null },
    time: expect.stringMatching(/^\d{4}-.*Z$/),
  });
});

test('a stream that never was, and a request that is not signed', async () => {
  const { answer } = await follow('nobody');
  expect(answer.status).toBe(404);
  expect((await fetch(`${api.url}/api/streams/nobody/events`)).status).toBe(400);
});

test('what was missed while Redis was away is sent as the present state', async () => {
  await streams.start('show', options);
  const { told } = await follow('show');
  await vi.waitFor(() => expect(told).toHaveLength(1), 10_000);
  await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await streams.stop('show');
  await vi.waitFor(() => expect(told.at(-1)?.event).toBe('STOPPED'), 10_000);
  expect(told).toHaveLength(2);
});

test('a server that stops ends it at once', async () => {
  const stopping = await startTestApi(server.url);
  await streams.start('show', options);
  const { ended } = await follow('show', stopping);
  const begun = performance.now();
  await stopping.stop();
  await ended;
  expect(performance.now() - begun).toBeLessThan(3_000);
});
