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
const follow = (id: string, of = api, lastEventId?: string) => open(`/api/streams/${id}/events`, of, lastEventId);

async function open(path: string, of = api, lastEventId?: string) {
  const time = (performance.timeOrigin + performance.now()) / 1_000;
  const signature = signRequest({ time: time.toFixed(6), method: 'GET', path, body: '' }, secret);
  const gone = new AbortController();
  closing.push(() => gone.abort());
  const signed = path.includes('token=') ? undefined : { 'lt-signature': signature };
  const headers = { ...signed, ...(lastEventId && { 'last-event-id': lastEventId }) };
  const answer = await fetch(`${of.url}${path}`, { headers, signal: gone.signal });
  const told: Told[] = [];
  const read = async (): Promise<void> => {
    let text = '';
    for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      const messages = text.split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) if (/^(id|event): /.test(message)) told.push(parse(message));
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

test('an outage of Redis loses no event', async () => {
  await streams.start('show', options);
  const { told } = await follow('show');
  await vi.waitFor(() => expect(told).toHaveLength(1), 10_000);
  // The connection that reads events.
  const [, reader = ''] = /^id=(\d+) .* cmd=xread /m.exec(String(await redis.client('LIST'))) ?? [];
  await redis.client('KILL', 'ID', reader);
  await streams.stop('show');
  await streams.start('show', options);
  await vi.waitFor(
    () => expect(told.map(({ event }) => event)).toEqual(['INITIALISED', 'STOPPED', 'INITIALISED']),
    10_000,
  );
});

test('a caller who comes back gets what it missed, once; without an id that is known, the present state', async () => {
  const run = await streams.start('show', options);
  const first = await follow('show');
  await vi.waitFor(() => expect(first.told).toHaveLength(1), 10_000);
  for (let i = 0; i < 3; i += 1) {
    await streams.stop('show');
    await streams.start('show', options);
  }
  const back = await follow('show', api, first.told[0]?.id);
  await vi.waitFor(() => expect(back.told.map(({ data }) => data.sequence)).toEqual([2, 3, 4, 5, 6, 7]), 10_000);
  const unknown = await follow('show', api, `${run}-0-99`);
  await vi.waitFor(() => expect(unknown.told.map(({ data }) => data.sequence)).toEqual([7]), 10_000);
  await streams.stop('show');
  for (const { told } of [back, unknown]) await vi.waitFor(() => expect(told.at(-1)?.data.sequence).toBe(8), 10_000);
  expect(back.told).toHaveLength(7);
});

test('GET /v1/events: all streams, from now on or from an id on; and as webhook bodies', async () => {
  await streams.start('before', options);
  const live = await open('/v1/events');
  await streams.start('a', options);
  await streams.start('b', options);
  await vi.waitFor(() => expect(live.told.map(({ data }) => data.stream_id)).toEqual(['a', 'b']), 10_000);
  await streams.stop('a');
  const back = await open('/v1/events?format=webhook', api, live.told[0]?.id);
  await vi.waitFor(() => expect(back.told).toHaveLength(2), 10_000);
  expect(back.told.map(({ data }) => [data.StreamId, data.Status, data.Sequence])).toEqual([
    ['b', 'INITIALISED', 1],
    ['a', 'STOPPED', 2],
  ]);
  expect(back.told[1]?.id).toBe(live.told[2]?.id);
  const all = await open('/v1/events', api, '1-1');
  await vi.waitFor(() => expect(all.told.map(({ event }) => event)).toHaveLength(5), 10_000);
  expect(all.told.map(({ event }) => event)).toEqual(['gap', 'INITIALISED', 'INITIALISED', 'INITIALISED', 'STOPPED']);
});

test('a token opens events for a browser: those of its stream, for its time, and nothing else', async () => {
  await streams.start('show', options);
  await streams.start('other', options);
  const made = await api.ask('POST', '/v1/event-tokens', { stream_id: 'show', seconds: 60 });
  expect(made.status).toBe(201);
  const { token, path } = made.body as unknown as { token: string; path: string };
  const { told, answer } = await open(path);
  expect(answer.status).toBe(200);
  await vi.waitFor(() => expect(told).toHaveLength(1), 10_000);
  const refused = async (url: string) => (await open(url)).answer.status;
  expect(await refused(`/v1/streams/other/events?token=${token}`)).toBe(403);
  expect(await refused(`/v1/events?token=${token}`)).toBe(403);
  expect(await refused(`/v1/streams/show/events?token=${token}x`)).toBe(403);
  expect(await refused(`/v1/streams/show?token=${token}`)).toBe(400);
  const all = await api.ask('POST', '/v1/event-tokens', {});
  expect(await refused(`/v1/events?token=${all.body.token}`)).toBe(200);
  expect(await refused(`/v1/streams/show/events?token=${all.body.token}`)).toBe(200);
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
