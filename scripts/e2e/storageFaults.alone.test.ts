import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { isHealthEvent } from './harness/isHealthEvent.ts';
import { mediaPlaylist, multivariantPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { StoredSegments } from './harness/storedSegments.ts';
import { waitFor } from './harness/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from './harness/webhookReceiver.ts';
import type { FaultProxy } from './s3/faultProxy.ts';
import type { FaultRule } from './s3/faultRule.ts';
import type { S3Double } from './s3/s3Double.ts';

/** LIVETRAN_LONG=1: the lengths of a long evening, 5 minutes of faults and a cut of 2 minutes. */
const isLong = process.env.LIVETRAN_LONG === '1';
const FAULTS_MS = isLong ? 300_000 : 20_000;
const CUT_MS = isLong ? 120_000 : 15_000;
const SEGMENT_MS = 1_000;

const tinyLadder = JSON.stringify([
  { width: 160, height: 90, video: 120, audio: 32 },
  { width: 96, height: 54, video: 60, audio: 32 },
]);

let cluster: Cluster;
let faults: FaultProxy;
let s3: S3Double;
let app: WebhookReceiver;

beforeAll(async () => {
  const times = { HLS_SEGMENT_SECONDS: String(SEGMENT_MS / 1000), GOP_SECONDS: '1' };
  cluster = await startCluster({ faults: true, env: { LADDER: tinyLadder, VIDEO_PRESET: 'ultrafast', ...times } });
  if (!cluster.faults || !cluster.s3) throw new Error('no S3 double');
  ({ faults, s3 } = cluster as { faults: FaultProxy; s3: S3Double } & Cluster);
  app = await startWebhookReceiver(cluster.hmacSecret);
});
afterAll(async () => {
  await cluster?.stop();
  await app?.close();
});

/** A ladder on the air, followed by the oracle. */
async function goLive(streamId: string) {
  const { client } = cluster;
  await client.start(streamId, { abr: true, record: true, webhook_urls: [app.url] });
  const { srt_url: srtUrl } = await client.inState(streamId, 'READY');
  const encoder = startEncoder({ srtUrl: String(srtUrl), size: '160x90', fps: 15, gop: 1 });
  const link = await client.link(streamId, 30_000);
  const oracle = new PlaylistOracle(link);
  const segments = new StoredSegments(s3, streamId, 2);
  return { oracle, segments, encoder, link };
}

/** Stops the stream; then the bucket has every number of both renditions from 0 to the last, and the recording lists them. */
async function endOf(streamId: string, { oracle, segments, encoder }: Awaited<ReturnType<typeof goLive>>) {
  const { client } = cluster;
  await client.stop(streamId);
  await client.inState(streamId, 'STOPPED', 30_000);
  const verdict = await oracle.stop();
  await encoder.exited;
  expect(verdict.violations).toEqual([]);
  expect(segments.missing()).toEqual([]);
  await waitFor('the webhooks', () => app.received.some(e => e.StreamId === streamId && e.Status === 'STOPPED'));
  // It was on the air all the while.
  const told = app.received
    .filter(event => event.StreamId === streamId && !isHealthEvent(event))
    .map(event => event.Status);
  expect(told).toEqual(['INITIALISED', 'READY', 'STREAMING', 'STREAMING', 'STOPPED']);
  expect(await recordedNumbers(streamId)).toEqual([0, 1].map(() => allNumbers(segments.highest())));
  expect(s3.violations).toEqual([]);
  await assertNothingLeft(cluster);
  return verdict;
}

const allNumbers = (last: number): number[] => Array.from({ length: last + 1 }, (_, number) => number);

/** Of each rendition of the recording, the segments that can be played. */
async function recordedNumbers(streamId: string): Promise<number[][]> {
  const told = app.received.find(({ StreamId, Status }) => StreamId === streamId && Status === 'STOPPED');
  const { variants } = await multivariantPlaylist(String(told?.RecordingLink));
  const playlists = await Promise.all(variants.map(({ url }) => mediaPlaylist(url)));
  return playlists.map(({ segments }) =>
    segments.filter(({ gap }) => !gap).map(({ uri }) => Number(/_(\d+)\.ts$/.exec(uri)?.[1])),
  );
}

test('5 % of requests fail and 20 % of PUTs are late: no viewer sees a fault, and no segment is lost', {
  timeout: FAULTS_MS + 90_000,
}, async () => {
  const live = await goLive('faulty');
  const share = (rule: FaultRule): FaultRule => ({ probability: 0.01, ...rule });
  faults.set(
    share({ kind: 'status', code: 500 }),
    share({ kind: 'status', code: 429, headers: { 'retry-after': '1' } }),
    share({ kind: 'reset' }),
    share({ kind: 'commitThenReset' }),
    share({ kind: 'slowResponse', delayMs: 1_500 }),
    { kind: 'delay', method: 'PUT', delayMs: 2_000, probability: 0.2 },
  );
  const before = live.segments.highest();
  await sleep(FAULTS_MS);
  await faults.clear();
  const verdict = await endOf('faulty', live);
  const seconds = live.segments.highest() - before;
  expect(seconds * SEGMENT_MS).toBeGreaterThan(0.9 * FAULTS_MS);
  const spoilt = faults.log.filter(({ fault }) => fault !== undefined).length;
  expect(spoilt).toBeGreaterThan(FAULTS_MS / 2_000);
  report(`faults of ${FAULTS_MS / 1000} s`, { ...verdict, requests: faults.log.length, spoilt });
});

test('the storage is cut off: the stream stays live, viewers come back at once and nothing is lost', {
  timeout: CUT_MS + 120_000,
}, async () => {
  const live = await goLive('cut');
  await waitFor('a few segments', () => live.segments.highest() >= 4);
  faults.set({ kind: 'blackhole' });
  await sleep(CUT_MS / 2);
  await faults.refuse();
  await sleep(CUT_MS / 2);
  expect((await cluster.client.stream('cut'))?.state).toBe('STREAMING');
  // What was closed while the storage was away; FFmpeg's pace is the source's.
  const closed = live.segments.highest() + Math.floor(CUT_MS / SEGMENT_MS);
  await faults.clear();
  const backAt = performance.now();
  const since = () => Math.round(performance.now() - backAt);
  const resumed = await Promise.all(
    [0, 1].map(async rendition => {
      await waitFor('the live edge', async () => (await lastListed(live.link, rendition)) >= closed, 30_000);
      return since();
    }),
  );
  await waitFor('the backlog to be stored', () => live.segments.missing(closed).length === 0, 30_000);
  const drained = since();
  const verdict = await endOf('cut', live);
  report(`cut of ${CUT_MS / 1000} s`, { ...verdict, resumedMs: Math.max(...resumed), drainedMs: drained });
  // Within two segments something new can be played, and R2's one write a second to a playlist comes on top.
  expect(Math.max(...resumed)).toBeLessThan(2 * SEGMENT_MS + 1_000);
});

/** The number of the last segment that a media playlist lists. */
async function lastListed(link: string, rendition: number): Promise<number> {
  const text = await (await fetch(link.replace('_master', `_${rendition}`))).text();
  return Number(/_(\d+)\.ts\s*$/.exec(text)?.[1] ?? -1);
}

function report(what: string, figures: Record<string, unknown>): void {
  if (isLong) process.stdout.write(`${what}: ${JSON.stringify(figures)}\n`);
}
