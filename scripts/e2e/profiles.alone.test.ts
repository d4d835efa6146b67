import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { frameHashes } from '../../worker/segment/testing/frameHashes.ts';
import { makeSource, type Source, sendSource } from '../bench/source.ts';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { startBrowser } from './harness/browser.ts';
import type { Child } from './harness/childProcess.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { ffprobe } from './harness/ffprobe.ts';
import { isHealthEvent } from './harness/isHealthEvent.ts';
import { mediaPlaylists, type PlayedPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { waitFor } from './harness/waitFor.ts';
import { watchedPage } from './harness/watchedPage.ts';
import { startWebhookReceiver, type WebhookReceiver } from './harness/webhookReceiver.ts';

const LADDER = JSON.stringify([
  { width: 640, height: 360, video: 800, audio: 96 },
  { width: 320, height: 180, video: 300, audio: 64 },
]);
const SOURCE_SECONDS = 60;
/** Every two seconds, but 8 s apart between 8 s and 24 s: longer than MAX_GOP_SECONDS. */
const WAVERING = [0, 2, 4, 6, 8, 16, ...Array.from({ length: 24 }, (_, i) => 24 + 2 * i)];

let dir: string;
let steady: Source;
let wavering: Source;
let cluster: Cluster;
let app: WebhookReceiver;
let browser: Browser;
const senders: Child[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-profiles-'));
  steady = await makeSource(dir, { size: '640x360', seconds: SOURCE_SECONDS, rate: 25, kbps: 800 });
  wavering = await makeSource(dir, {
    ...{ size: '320x180', seconds: 72, rate: 25, kbps: 400 },
    keyFramesAt: WAVERING,
  });
  cluster = await startCluster({
    env: {
      ...{ LADDER, HLS_SEGMENT_SECONDS: '2', HLS_WINDOW: '60', MAX_GOP_SECONDS: '3' },
      ...{ VIDEO_PRESET: 'ultrafast', WORKER_STREAMS: '10' },
    },
  });
  app = await startWebhookReceiver(cluster.hmacSecret);
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await cluster?.stop();
  await app?.close();
  for (const sender of senders) sender.kill('SIGKILL');
  await rm(dir, { recursive: true, force: true });
});

function send(source: Source, srtUrl: unknown): Child {
  const sender = sendSource(source, String(srtUrl));
  senders.push(sender);
  return sender;
}

async function open(id: string, profile: string): Promise<string> {
  await cluster.client.start(id, { profile, record: true, webhook_urls: [app.url] });
  const { srt_url: srtUrl } = await cluster.client.inState(id, 'READY');
  return String(srtUrl);
}

const whenAll = (what: string, link: string, holds: (playlist: PlayedPlaylist) => boolean, timeoutMs = 30_000) =>
  waitFor(
    what,
    async () => {
      const all = await mediaPlaylists(link);
      return all.every(holds) && all;
    },
    timeoutMs,
  );

const breaks = ({ segments }: PlayedPlaylist): number => segments.filter(({ discontinuity }) => discontinuity).length;

async function watch(id: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${cluster.apiUrl}/watch/${id}`);
  return page;
}

const moves = (page: Page, from = 0): Promise<void> =>
  waitFor(
    `the picture to move past ${from} s`,
    async () => (await watchedPage.look(page)).currentTime > from,
    40_000,
  ).then(() => undefined);

/** Whether the pictures in these segments are the source's own, bit by bit and in order. */
async function isCopied(segments: readonly { body: Buffer }[], source: Source): Promise<boolean> {
  const theirs = (await frameHashes(await readFile(source.file), 'copy')).video;
  const ours = (await frameHashes(Buffer.concat(segments.map(({ body }) => body)), 'copy')).video;
  const at = theirs.indexOf(ours[0] ?? '');
  return ours.length > 40 && ours.join() === theirs.slice(at, at + ours.length).join();
}

const sizes = [
  [640, 360],
  [320, 180],
] as const;

describe.concurrent('profiles', () => {
  test.each([
    ['passthrough', 1],
    ['ladder-source', 2],
  ])('%s: the source’s own picture, through a reconnect, to the end and the recording', async (profile, renditions) => {
    const { client } = cluster;
    const id = `own-${profile}`;
    const srtUrl = await open(id, profile);
    const first = send(steady, srtUrl);
    const link = await client.link(id, 30_000);
    const oracle = new PlaylistOracle(link);
    const live = await whenAll('four segments', link, ({ segments }) => segments.length >= 4);
    expect(live).toHaveLength(renditions);
    for (const [i, { segments }] of live.entries()) {
      for (const { body, duration } of segments.slice(0, 4)) {
        const media = await ffprobe(body);
        const [width, height] = sizes[i] ?? [];
        expect(media.streams.find(stream => stream.codec_type === 'video')).toMatchObject({
          ...{ codec_name: 'h264', width, height },
        });
        expect(media.streams.find(stream => stream.codec_type === 'audio')).toMatchObject({ codec_name: 'aac' });
        expect(media.startsWithKeyFrame).toBe(true);
        expect(Math.abs(media.duration - duration)).toBeLessThan(0.001);
        expect(duration).toBeCloseTo(2, 3);
      }
    }
    expect(await isCopied(live[0]?.segments ?? [], steady)).toBe(true);

    first.kill('SIGKILL');
    await client.inState(id, 'READY');
    send(steady, srtUrl);
    const back = await whenAll('two segments of the second connection', link, ({ segments }) => {
      const at = segments.findIndex(({ discontinuity }) => discontinuity);
      return at > 0 && segments.length >= at + 2;
    });
    expect(back.map(breaks)).toEqual(back.map(() => 1));
    expect(await client.stream(id)).toMatchObject({ state: 'STREAMING', profile, fallback: null });

    await client.stop(id);
    const { recording_link: recording } = await client.inState(id, 'STOPPED');
    const ended = await mediaPlaylists(link);
    expect(ended.map(playlist => playlist.ended)).toEqual(ended.map(() => true));
    const recorded = await mediaPlaylists(String(recording));
    const uris = (all: PlayedPlaylist[]): string[][] => all.map(({ segments }) => segments.map(({ uri }) => uri));
    expect(uris(recorded)).toEqual(uris(ended));
    expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
  });

  test('passthrough plays steadily in Chromium', async () => {
    const { client } = cluster;
    const srtUrl = await open('steady', 'passthrough');
    const page = await watch('steady');
    send(steady, srtUrl);
    await moves(page);
    await watchedPage.begin(page);
    await moves(page, 10);
    const seen = await watchedPage.look(page);
    expect(seen).toMatchObject({ fatalErrors: 0, reconnects: 0, phase: 'playing' });
    expect(seen.stall).toBeLessThan(1);
    await client.stop('steady');
    await client.inState('steady', 'STOPPED');
    await page.close();
  });

  test('a source that stops fitting and fits again, on one connection: encoded, and passed on again', async () => {
    const { client } = cluster;
    const id = 'wavering';
    const srtUrl = await open(id, 'passthrough');
    const page = await watch(id);
    send(wavering, srtUrl);
    const link = await client.link(id, 30_000);
    const oracle = new PlaylistOracle(link);
    await moves(page);
    const fallen = await waitFor('the fall-back', async () => {
      const stream = await client.stream(id);
      return stream?.fallback === 'gop_too_long' && stream;
    });
    expect(fallen).toMatchObject({ state: 'STREAMING', reason: 'source_fallback' });
    const restored = await waitFor(
      'the return',
      async () => {
        const stream = await client.stream(id);
        return stream?.fallback === null && stream;
      },
      60_000,
    );
    expect(restored).toMatchObject({ state: 'STREAMING', reason: 'source_restored' });
    const [after] = await whenAll('three segments passed on again', link, playlist => {
      const at = playlist.segments.findLastIndex(({ discontinuity }) => discontinuity);
      return breaks(playlist) === 2 && playlist.segments.length >= at + 3;
    });
    const segments = after?.segments ?? [];
    const at = segments.findLastIndex(({ discontinuity }) => discontinuity);
    expect(await isCopied(segments.slice(at), wavering)).toBe(true);
    const { currentTime } = await watchedPage.look(page);
    await moves(page, currentTime + 6);
    expect(await watchedPage.look(page)).toMatchObject({ fatalErrors: 0, reconnects: 0, phase: 'playing' });

    await client.stop(id);
    await client.inState(id, 'STOPPED');
    expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
    await waitFor('the last webhook', () =>
      app.received.some(({ StreamId, Status }) => StreamId === id && Status === 'STOPPED'),
    );
    const reasons = app.received
      .filter(event => event.StreamId === id && !isHealthEvent(event))
      .map(({ Reason }) => Reason);
    expect(reasons).toEqual([
      ...['created', 'listening', 'encoder_connected', 'playable'],
      ...['source_fallback', 'source_restored', 'user_stop'],
    ]);
    await page.close();
  });
});

test('nothing of these streams is left, and no store rule was broken', async () => {
  await assertNothingLeft(cluster);
  expect(cluster.s3?.violations).toEqual([]);
  expect(app.forged).toEqual([]);
});
