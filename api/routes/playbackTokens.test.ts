import { createHmac } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { derivedPlaybackKey } from '../../common/config/playbackKeys.ts';
import { keys } from '../../common/redis/keys.ts';
import { signedMark } from '../../common/stream/signedMark.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { startLiveStream } from '../live/testing/liveStreams.ts';
import { StandInOrigin } from '../live/testing/standInOrigin.ts';
import { secret, startTestApi, type TestApi } from '../testing/testApi.ts';

const old = { id: 'old', secret: 'a secret of thirty-two characters' };
const PLAYBACK_KEYS = [{ id: 'new', secret: 'another secret of many characters' }, old];
const PLAYLIST = '#EXTM3U\n';

let server: TestRedis;
let redis: Redis;
let api: TestApi;
let origin: StandInOrigin;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  api = await startTestApi(server.url, { PLAYBACK_KEYS: JSON.stringify(PLAYBACK_KEYS) });
  origin = await StandInOrigin.start();
});
beforeEach(() => redis.flushall());
afterAll(async () => {
  await origin.die();
  await api.stop();
  redis.disconnect();
  await server.stop();
});

let count = 0;
async function signed(options: Parameters<typeof startLiveStream>[3] = {}): Promise<string> {
  count += 1;
  const id = `show-${count}`;
  await startLiveStream(redis, id, origin.url, { playback: 'signed', ...options });
  origin.has(`/${id}/${id}.m3u8`, { body: PLAYLIST });
  // As the worker does for file storage.
  await mkdir(join(api.dir, id), { recursive: true });
  await mkdir(join(api.dir, 'livetran.signed'), { recursive: true });
  await writeFile(join(api.dir, signedMark(id)), '');
  await writeFile(join(api.dir, id, `${id}.m3u8`), PLAYLIST);
  return id;
}

async function tokenFor(id: string, body: object = {}): Promise<Record<string, string>> {
  const { status, body: made } = await api.ask('POST', `/v1/streams/${id}/playback-tokens`, body);
  expect(status).toBe(201);
  return made as unknown as Record<string, string>;
}

function forge(header: object, claims: object, by: string): string {
  const text = [header, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${createHmac('sha256', by).update(text).digest('base64url')}`;
}

const get = (path: string) => fetch(`${api.url}${path}`, { redirect: 'manual' });

describe('POST /v1/streams/<stream_id>/playback-tokens', () => {
  test('makes a token, with the URLs in which it is', async () => {
    const id = await signed();
    const { token = '', url, playback, expires_at: at = '' } = await tokenFor(id, { expires_in: 60 });
    const live = `https://localhost:0/live/${token}/${id}/${id}.m3u8`.replace('https', 'http');
    expect({ url, playback }).toEqual({
      url: live,
      playback: { hls: live.replace('/live/', '/video/'), low_latency: live },
    });
    expect(Date.parse(at) - Date.now()).toBeGreaterThan(50_000);
    expect(Date.parse(at) - Date.now()).toBeLessThanOrEqual(60_000);
  });

  test.each([
    [{ expires_in: 0 }, 'body_invalid'],
    [{ expires_in: 604_801 }, 'body_invalid'],
    [{ expires_in: '60' }, 'body_invalid'],
    [{ seconds: 60 }, 'field_unknown'],
  ])('%j is refused', async (body, code) => {
    const id = await signed();
    const answer = await api.ask('POST', `/v1/streams/${id}/playback-tokens`, body);
    expect([answer.status, answer.body]).toMatchObject([400, { code }]);
  });

  test('the stream shows its policy and its URLs; without low latency there is one', async () => {
    const id = await signed({ latency: 'standard', profile: 'ladder' });
    const { body } = await api.ask('GET', `/v1/streams/${id}`);
    expect(body.playback).toEqual({
      policy: 'signed',
      hls: `http://localhost:0/video/${id}/${id}_master.m3u8`,
      low_latency: null,
    });
    const { url, token } = await tokenFor(id);
    expect(url).toBe(`http://localhost:0/video/${token}/${id}/${id}_master.m3u8`);
  });

  test('the policy is part of the start', async () => {
    const made = await api.ask('POST', '/v1/streams', { stream_id: 'a', playback: 'signed', latency: 'low' });
    const low_latency = 'http://localhost:0/live/a/a.m3u8';
    expect(made.body).toMatchObject({ playback: { policy: 'signed', low_latency } });
    // What webhooks say.
    expect(await redis.hget(keys.stream('a'), 'lowLatencyLink')).toBe(low_latency);
    const wrong = await api.ask('POST', '/v1/streams', { stream_id: 'b', playback: 'secret' });
    expect(wrong.body).toMatchObject({ code: 'body_invalid', detail: 'playback: must be public or signed' });
  });
});

describe.each(['live', 'video'])('/%s of a signed stream', place => {
  test('plays with a token, of either key', async () => {
    const id = await signed();
    const { token = '' } = await tokenFor(id);
    const byOld = forge({ alg: 'HS256', kid: 'old' }, { sub: id, exp: Date.now() / 1_000 + 60 }, old.secret);
    for (const good of [token, byOld]) {
      const answer = await get(`/${place}/${good}/${id}/${id}.m3u8`);
      expect([answer.status, await answer.text()]).toEqual([200, PLAYLIST]);
    }
  });

  test('does not without one', async () => {
    const id = await signed();
    const answer = await get(`/${place}/${id}/${id}.m3u8`);
    expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'playback_token_missing' }]);
  });

  const exp = Math.floor(Date.now() / 1_000) + 600;
  test.each([
    ['expired', (id: string) => forge({ alg: 'HS256', kid: 'old' }, { sub: id, exp: 1 }, old.secret), /has expired/],
    [
      'of another stream',
      () => forge({ alg: 'HS256', kid: 'old' }, { sub: 'x', exp }, old.secret),
      /is for stream "x" only/,
    ],
    ['forged', (id: string) => forge({ alg: 'HS256', kid: 'old' }, { sub: id, exp }, secret), /is not right/],
    [
      'of an unknown key',
      (id: string) => forge({ alg: 'HS256', kid: 'x' }, { sub: id, exp }, old.secret),
      /does not exist/,
    ],
    ['without alg', (id: string) => forge({ alg: 'none', kid: 'old' }, { sub: id, exp }, old.secret), /is not right/],
    [
      'that never expires',
      (id: string) => forge({ alg: 'HS256', kid: 'old' }, { sub: id }, old.secret),
      /is not right/,
    ],
    ['no token', () => 'a.b.c', /does not exist/],
  ])('a token that is %s: 403', async (_name, token, rule) => {
    const id = await signed();
    const asked = origin.asked.length;
    const answer = await get(`/${place}/${token(id)}/${id}/${id}.m3u8`);
    expect([answer.status, await answer.json()]).toMatchObject([
      403,
      { code: 'playback_token_invalid', detail: expect.stringMatching(rule) },
    ]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(origin.asked).toHaveLength(asked);
  });
});

describe('a token and low latency', () => {
  test('expires while its viewer plays', async () => {
    const id = await signed();
    const { token = '' } = await tokenFor(id, { expires_in: 1 });
    const status = async () => (await get(`/live/${token}/${id}/${id}.m3u8`)).status;
    expect(await status()).toBe(200);
    await expect.poll(status).toBe(403);
  });

  test('what the worker has no more is in the bucket, under the same token, for this viewer alone', async () => {
    const id = await signed();
    origin.has(`/${id}/${id}_000.ts`, { status: 302, location: 'https://x' });
    const { token = '' } = await tokenFor(id);
    const answer = await get(`/live/${token}/${id}/${id}_000.ts`);
    expect([answer.status, answer.headers.get('location')]).toEqual([302, `/video/${token}/${id}/${id}_000.ts`]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('viewers with different tokens share what the worker has sent', async () => {
    const id = await signed();
    origin.has(`/${id}/${id}_p1.ts`, { body: Buffer.from('x'), cache: 'max-age=12' });
    for (let viewer = 0; viewer < 5; viewer += 1) {
      const { token = '' } = await tokenFor(id, { expires_in: 60 + viewer });
      expect((await get(`/live/${token}/${id}/${id}_p1.ts`)).status).toBe(200);
    }
    expect(origin.asked.filter(path => path.endsWith('_p1.ts') && path.includes(id))).toHaveLength(1);
  });

  test('a CDN asks whether a token is good, and how long it may keep the answer', async () => {
    const id = await signed();
    const { token = '' } = await tokenFor(id, { expires_in: 5 });
    const check = await get(`/live/${token}/${id}/`);
    expect(check.status).toBe(204);
    expect(Number(/^max-age=(\d+)$/.exec(check.headers.get('cache-control') ?? '')?.[1])).toBeLessThanOrEqual(5);
    expect((await get(`/live/${id}/`)).status).toBe(403);
  });

  test('without PLAYBACK_KEYS there is one, derived from HMAC_SECRET', async () => {
    const other = await startTestApi(server.url);
    try {
      const id = await signed();
      const key = derivedPlaybackKey(secret);
      const token = forge({ alg: 'HS256', kid: 'default' }, { sub: id, exp: Date.now() / 1_000 + 60 }, key.secret);
      expect((await fetch(`${other.url}/live/${token}/${id}/${id}.m3u8`)).status).toBe(200);
    } finally {
      await other.stop();
    }
  });
});
