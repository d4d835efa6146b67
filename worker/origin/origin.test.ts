import { Readable } from 'node:stream';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { HlsOutput } from '../publish/hlsOutput.ts';
import { parseMediaPlaylist } from '../publish/playlist/parseMediaPlaylist.ts';
import { encodeSegments } from '../publish/testing/encodeSegments.ts';
import { type PublishingRoom, publishingRoom } from '../publish/testing/publishingRoom.ts';
import { EpochWriter } from '../segment/epochWriter.ts';
import { makeTs } from '../transcode/testing/makeTs.ts';
import { pieces } from '../transcode/testing/transcodeAll.ts';
import { LiveEdge } from './liveEdge.ts';
import { LiveEdges } from './liveEdges.ts';
import { OriginServer } from './originServer.ts';
import { OriginClient } from './testing/originClient.ts';
import { type ReadEdge, readEdge } from './testing/readEdge.ts';

// Real FFmpeg, in real time, beside other tests.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

const log = silentLogger();
const renditions = [
  { width: 320, height: 180, video: 500, audio: 64 },
  { width: 160, height: 90, video: 200, audio: 64 },
];

let server: TestRedis;
let redis: Redis;
let room: PublishingRoom;
let edges: LiveEdges;
let client: OriginClient;
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
beforeEach(async () => {
  await redis.flushall();
  room = await publishingRoom(server.url, 2);
  stops.push(() => room.close());
  // Longer than an end takes on a busy machine: its followers still read the last playlist.
  edges = new LiveEdges(5_000);
  const origin = await OriginServer.start({ bind: '127.0.0.1', port: 0, key: 'key', edges, log });
  stops.push(() => origin.stop());
  client = new OriginClient(`http://127.0.0.1:${origin.port}`, 'key');
  stops.push(() => client.close());
});
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** A stream's owner: what it publishes is in the bucket and at the origin. */
async function own(token: string, options: { rungs?: number; takenOver?: boolean } = {}) {
  const { rungs = 1, takenOver = false } = options;
  const stream = { streamId: 'show', run: 'run1', token, abr: rungs > 1, renditions: renditions.slice(0, rungs) };
  const live = new LiveEdge({
    ...{ ...stream, partSeconds: 0.2, mostBytes: 16_000_000 },
    publicUrl: key => `https://cdn.example/${key}`,
  });
  edges.open('show', live);
  const events = { onPlayable: vi.fn(), onFault: vi.fn(), onFenced: vi.fn() };
  const { store, spool, uploads } = room;
  const deps = { store, spool, redis, log, live, fences: true, playlistIntervalMs: 20 };
  const output = await HlsOutput.open(
    { ...deps, uploads: { upload: (job, signal) => uploads.uploadOnce(job, { signal }) } },
    { ...stream, segmentSeconds: 1, window: 6, takenOver, latency: 'low' },
    events,
  );
  stops.push(() => output.abandon());
  return { output, live, events };
}

async function stream(
  output: HlsOutput,
  seconds: number,
  options: { rungs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const { rungs = 1, ...more } = options;
  const made = [...Array(rungs).keys()];
  const epoch = await output.openEpoch(Date.now(), { followsSource: false, renditions: made });
  const how = { segmentSeconds: 1, realTime: true, rate: 30, ...more };
  await encodeSegments({ epoch, renditions: made, seconds, ...how });
}

const ask = (file: string) => client.get(`/show/${file}`);

/** Follows a playlist as a player does, by blocking reloads; fetches each part that is listed. Ends with the stream. */
async function follow(file = 'show.m3u8'): Promise<{ parts: Map<string, Buffer>; reads: ReadEdge[] }> {
  const parts = new Map<string, Buffer>();
  const reads: ReadEdge[] = [];
  let next = '';
  for (;;) {
    const { status, text } = await ask(`${file}${next}`);
    // FFmpeg may take longer to start than a request is held.
    if (status === 503) continue;
    expect(status, `${file}${next}`).toBe(200);
    const read = readEdge(text);
    reads.push(read);
    for (const { uri } of read.segments.flatMap(segment => segment.parts)) {
      if (parts.has(uri)) continue;
      const part = await ask(uri);
      expect(part.status, uri).toBe(200);
      parts.set(uri, part.body);
    }
    if (read.ended) return { parts, reads };
    const last = read.segments.at(-1);
    const isOpen = last !== undefined && last.uri === undefined;
    const msn = last === undefined ? 0 : isOpen ? last.mediaSequence : last.mediaSequence + 1;
    next = `?_HLS_msn=${msn}&_HLS_part=${isOpen ? last.parts.length : 0}`;
  }
}

const bucket = async (file = 'show.m3u8') =>
  parseMediaPlaylist((await room.store.get(`show/${file}`))?.body.toString() ?? '');

/** By media sequence number: file and time as the bucket's playlist has them, equal to what the origin listed. */
async function compareWithBucket(reads: readonly ReadEdge[], file = 'show.m3u8'): Promise<void> {
  const stored = await bucket(file);
  expect(stored?.segments.length).toBeGreaterThan(2);
  for (const [i, segment] of (stored?.segments ?? []).entries()) {
    const mediaSequence = (stored?.mediaSequence ?? 0) + i;
    const listed = reads.flatMap(({ segments }) => segments.filter(one => one.mediaSequence === mediaSequence));
    const { uri, discontinuity } = segment;
    for (const one of listed) {
      expect(one.uri ?? uri, `segment ${mediaSequence}`).toBe(uri);
      expect(one.discontinuity, `segment ${mediaSequence}`).toBe(discontinuity);
      expect(Date.parse(one.time), `segment ${mediaSequence}`).toBe(segment.programDateTime);
    }
    expect(listed.length, `segment ${mediaSequence}`).toBeGreaterThan(0);
  }
}

test('a player follows by blocking reloads: each part is there, segments are their parts, numbers are the bucket’s', async () => {
  const { output } = await own('1');
  const following = follow();
  await stream(output, 5);
  await output.finish({ endList: true });
  const { parts, reads } = await following;
  expect(parts.size).toBeGreaterThanOrEqual(24);
  await compareWithBucket(reads);
  const whole = new Map(
    reads.flatMap(({ segments }) => segments).flatMap(one => (one.uri && one.parts.length > 0 ? [[one.uri, one]] : [])),
  );
  expect(whole.size).toBeGreaterThanOrEqual(4);
  for (const [uri, segment] of whole) {
    const stored = (await room.store.get(`show/${uri}`))?.body;
    expect(Buffer.concat(segment.parts.map(part => parts.get(part.uri) as Buffer)).equals(stored as Buffer), uri).toBe(
      true,
    );
  }
  // One answer for each part: none was missed, none came twice.
  expect(reads.length).toBeLessThanOrEqual(parts.size + 8);
});

test('rungs of a ladder have the same parts, and each says where the others are', async () => {
  const { output } = await own('1', { rungs: 2 });
  const following = Promise.all([follow('show_0.m3u8'), follow('show_1.m3u8')]);
  await stream(output, 4, { rungs: 2 });
  await vi.waitFor(async () => expect((await ask('show_master.m3u8')).text).toContain('show_1.m3u8'), 20_000);
  await output.finish({ endList: true });
  const [first, second] = await following;
  await compareWithBucket(first.reads, 'show_0.m3u8');
  await compareWithBucket(second.reads, 'show_1.m3u8');
  const shape = ({ reads }: typeof first) => {
    const listed = reads.flatMap(({ segments }) => segments.filter(({ parts, uri }) => uri && parts.length > 0));
    return [...new Map(listed.map(one => [one.mediaSequence, one.parts.map(({ seconds }) => seconds)]))];
  };
  expect(shape(first)).toEqual(shape(second));
  const reports = first.reads.flatMap(
    ({ text }) => /RENDITION-REPORT:URI="show_1.m3u8",LAST-MSN=\d+,LAST-PART=\d+/.exec(text) ?? [],
  );
  expect(reports.length).toBeGreaterThan(10);
});

test('an encoder that comes back: one discontinuity, the numbers go on, the hinted part is the next one', async () => {
  const { output } = await own('1');
  const following = follow();
  await stream(output, 2.5);
  const { hint } = readEdge((await ask('show.m3u8')).text);
  const hinted = vi.waitFor(async () => expect((await ask(String(hint))).status).toBe(200), 30_000);
  await stream(output, 2.5);
  await hinted;
  await output.finish({ endList: true });
  const { reads } = await following;
  await compareWithBucket(reads);
  const breaks = new Set(
    reads
      .flatMap(({ segments }) => segments)
      .filter(one => one.discontinuity)
      .map(one => one.mediaSequence),
  );
  expect(breaks.size).toBe(1);
});

test('a last segment that not all rungs have, which the bucket leaves out: its number is a gap, since viewers have its parts', async () => {
  const { output } = await own('1', { rungs: 2 });
  const following = Promise.all([follow('show_0.m3u8'), follow('show_1.m3u8')]);
  const media = await Promise.all([3.4, 2.4].map(seconds => makeTs({ seconds, gop: 30 })));
  const epoch = await output.openEpoch(Date.now(), { followsSource: false, renditions: [0, 1] });
  const writer = new EpochWriter({ epoch, renditions: [0, 1], segmentSeconds: 1, firstSeconds: 1 });
  await Promise.all(media.map((ts, i) => writer.feed(i, Readable.from(pieces(ts), { objectMode: false }))));
  await writer.close();
  await stream(output, 2.5, { rungs: 2 });
  await output.finish({ endList: true });
  const [{ reads }] = await following;
  await compareWithBucket(reads, 'show_0.m3u8');
  const gaps = (await bucket('show_0.m3u8'))?.segments.filter(({ gap }) => gap).map(({ uri }) => uri);
  expect(gaps).toEqual(['show_0_003.ts']);
  const shown = reads.flatMap(({ segments }) => segments).filter(({ uri }) => uri === gaps?.[0]);
  expect(shown.some(({ parts }) => parts.length > 0)).toBe(true);
});

test('the owner dies in the middle of a segment: what viewers saw of it is a gap, never other media', async () => {
  const killed = new AbortController();
  const first = await own('1');
  const streaming = stream(first.output, 30, { signal: killed.signal });
  await vi.waitFor(
    async () => expect(readEdge((await ask('show.m3u8')).text).segments.length).toBeGreaterThan(3),
    20_000,
  );
  await vi.waitFor(async () => {
    const last = readEdge((await ask('show.m3u8')).text).segments.at(-1);
    expect(last?.uri === undefined && last?.parts.length).toBeGreaterThan(2);
  }, 20_000);
  const seen = readEdge((await ask('show.m3u8')).text);
  await first.output.abandon();
  killed.abort();
  await streaming;
  expect(await ask('show.m3u8')).toMatchObject({ status: 404, text: '{"code":"not_owner"}' });
  // An API may be about to fetch what the last playlist has listed.
  expect((await ask(String(seen.segments.at(-1)?.parts.at(-1)?.uri))).status).toBe(200);

  const second = await own('2', { takenOver: true });
  const following = follow();
  await stream(second.output, 3);
  await second.output.finish({ endList: true });
  const { reads } = await following;
  await compareWithBucket(reads);
  const open = seen.segments.at(-1)?.mediaSequence ?? 0;
  const later = reads.flatMap(({ segments }) => segments);
  const fresh = later.filter(one => one.parts.some(({ uri }) => uri.includes('_p2-')));
  expect(Math.min(...fresh.map(one => one.mediaSequence))).toBeGreaterThan(open);
  expect(later.filter(one => one.mediaSequence === open).every(one => one.isGap)).toBe(true);
  expect(reads.at(-1)?.partTarget).toBe(seen.partTarget);
});

test('refuses what is no request of an API, and says what is not here', async () => {
  const { output } = await own('1');
  await stream(output, 1.5);
  expect((await client.get('/show/show.m3u8', { authorization: 'Bearer other' })).status).toBe(401);
  expect((await client.get('/show/show.m3u8', { ':method': 'POST' })).status).toBe(405);
  expect(await client.get('/other/other.m3u8')).toMatchObject({ status: 404, text: '{"code":"not_owner"}' });
  for (const file of ['other.m3u8', 'show_p2-0.ts', 'show_p1-9000.ts', 'show_09.ts', 'show_900.ts', '../show.m3u8'])
    expect((await ask(file)).status, file).toBe(404);
  for (const query of ['_HLS_part=1', '_HLS_msn=x', '_HLS_msn=50', '_HLS_msn=-1', '_HLS_msn=1e3'])
    expect((await ask(`show.m3u8?${query}`)).status, query).toBe(400);
  const { headers, status } = await ask('show.m3u8');
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    'content-type': 'application/vnd.apple.mpegurl',
    'cache-control': 'max-age=1',
    'x-livetran-run': 'run1',
  });
});

test('a request for what does not come is held for three target durations', async () => {
  const { output } = await own('1');
  await stream(output, 1.2);
  const { hint, target } = readEdge((await ask('show.m3u8')).text);
  const began = performance.now();
  const [playlist, part] = await Promise.all([ask('show.m3u8?_HLS_msn=3&_HLS_part=0'), ask(String(hint))]);
  expect((performance.now() - began) / 1000).toBeGreaterThan(3 * target - 0.1);
  for (const answer of [playlist, part]) expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
});

test('one that goes away is not waited for, and a stream that ended is forgotten', async () => {
  const { output, live } = await own('1');
  await stream(output, 1.2);
  const gone = new AbortController();
  const asked = client.get('/show/show.m3u8?_HLS_msn=3', {}, gone.signal);
  gone.abort();
  await expect(asked).rejects.toThrow();
  await output.finish({ endList: true });
  await vi.waitFor(() => expect(live.over.aborted).toBe(true), 30_000);
  expect(await ask('show.m3u8')).toMatchObject({ status: 404, text: '{"code":"not_owner"}' });
});
