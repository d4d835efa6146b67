import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { StreamSamples } from '../../common/stream/streamSamples.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { sampleOf } from '../../common/testing/streamSamples.ts';
import { startTestApi, type TestApi } from '../testing/testApi.ts';

const TIME = 1_790_000_000_000;
const loss = {
  ...{ code: 'packets_lost', fault: 'network' },
  ...{ message: '4.0 % of the packets are lost', advice: 'Use a wire' },
};

let server: TestRedis;
let redis: Redis;
let api: TestApi;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  api = await startTestApi(server.url);
});
beforeEach(async () => {
  await redis.flushall();
  await api.ask('POST', '/v1/streams', { stream_id: 'a' });
});
afterAll(async () => {
  await api.stop();
  redis.disconnect();
  await server.stop();
});

/** Writes samples of the present run, one a second. */
async function sample(...figures: Parameters<typeof sampleOf>[1][]): Promise<void> {
  const run = String(await redis.hget(keys.stream('a'), 'run'));
  const batch = figures.map((each, i) => ({ streamId: 'a', run, sample: sampleOf(TIME + 1_000 * i, each) }));
  await new StreamSamples(redis).append(batch);
}

const health = (...problems: object[]) => JSON.stringify({ since: TIME, problems });

describe('GET /v1/streams/:id/stats', () => {
  test('shows the last seconds, oldest first, and how the stream is', async () => {
    await redis.hset(keys.stream('a'), { state: 'STREAMING', health: health({ ...loss, since: TIME }) });
    await sample(
      { kbps: 1 },
      { kbps: 2, audioSilentSeconds: -1 },
      { kbps: 3, lagMs: 800, renditionKbps: [5_000, 900] },
    );
    const { status, body } = await api.ask('GET', '/v1/streams/a/stats?seconds=2');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      stream_id: 'a',
      run: expect.any(String),
      health: { status: 'degraded', since: '2026-09-21T14:13:20.000Z', problems: [loss] },
      samples: [
        { time: '2026-09-21T14:13:21.000Z', receive_kbps: 2, audio_silent_seconds: null, listing_lag_ms: null },
        { receive_kbps: 3, audio_silent_seconds: 0, listing_lag_ms: 800, rendition_kbps: [5_000, 900] },
      ],
    });
  });

  test('of a stream without an encoder there is nothing yet', async () => {
    expect(await api.ask('GET', '/v1/streams/a/stats')).toMatchObject({
      status: 200,
      body: { stream_id: 'a', health: null, samples: [] },
    });
  });

  test.each(['0', '901', '1.5', 'x'])('seconds=%s is refused', async seconds => {
    expect((await api.ask('GET', `/v1/streams/a/stats?seconds=${seconds}`)).status).toBe(400);
  });

  test('of a stream that does not exist: 404', async () => {
    expect((await api.ask('GET', '/v1/streams/b/stats')).status).toBe(404);
  });
});

describe('the health of a stream', () => {
  const shown = async () => ((await api.ask('GET', '/v1/streams/a')).body as { health?: unknown }).health;

  test('is good while nothing is wrong', async () => {
    await redis.hset(keys.stream('a'), { state: 'STREAMING', health: health() });
    expect(await shown()).toEqual({ status: 'good', since: '2026-09-21T14:13:20.000Z', problems: [] });
  });

  test('of a stream that waits for its encoder again is null', async () => {
    await redis.hset(keys.stream('a'), { state: 'READY', health: health() });
    expect(await shown()).toBeNull();
  });

  test('that another version wrote is null, and the stream can be read', async () => {
    await redis.hset(keys.stream('a'), {
      state: 'STREAMING',
      health: health({ ...loss, code: 'sun_spots', since: 1 }),
    });
    expect(await shown()).toBeNull();
  });
});

describe('GET /v1/streams/:id', () => {
  const source = {
    video: { codec: 'h264', width: 1280, height: 720 },
    audio: { codec: 'aac' },
    renditions: [
      { width: 1280, height: 720, videoKbps: null },
      { width: 854, height: 480, videoKbps: 1_500 },
    ],
  };
  const record = { peer: '192.0.2.7:40000', source: JSON.stringify(source) };
  const none = { encoder: null, input: null, renditions: [], health: null, stats: null };

  test('shows who publishes, what, what is made of it, and the newest figures', async () => {
    expect((await api.ask('GET', '/v1/streams/a')).body).toMatchObject(none);
    await redis.hset(keys.stream('a'), { state: 'STREAMING', ...record });
    await sample({ rttMs: 10 }, { rttMs: 12 });
    expect((await api.ask('GET', '/v1/streams/a')).body).toMatchObject({
      encoder: { address: '192.0.2.7:40000' },
      input: { video_codec: 'h264', width: 1280, height: 720, audio_codec: 'aac' },
      renditions: [
        { width: 1280, height: 720, video_kbps: null },
        { width: 854, height: 480, video_kbps: 1_500 },
      ],
      stats: { rtt_ms: 12 },
    });
    await redis.hset(keys.stream('a'), { state: 'READY' });
    expect((await api.ask('GET', '/v1/streams/a')).body).toMatchObject(none);
  });

  test('shows what went wrong last, and the receivers that answered 410', async () => {
    expect((await api.ask('GET', '/v1/streams/a')).body).toMatchObject({ last_error: null, ended_webhooks: [] });
    const error = { code: 'transcode_error', message: 'FFmpeg failed: SIGSEGV', at: TIME };
    const ended = ['https://app.example/hooks'];
    await redis.hset(keys.stream('a'), {
      lastError: JSON.stringify(error),
      endedWebhooks: JSON.stringify(ended),
    });
    expect((await api.ask('GET', '/v1/streams/a')).body).toMatchObject({
      last_error: { ...error, at: '2026-09-21T14:13:20.000Z' },
      ended_webhooks: ended,
    });
  });
});
