import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import type { Child } from './harness/childProcess.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { mediaPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { PlaylistPauses } from './harness/playlistPauses.ts';
import { RetryingEncoder } from './harness/retryingEncoder.ts';
import { tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from './harness/webhookReceiver.ts';

const STREAMS = process.env.LIVETRAN_LONG ? 6 : 3;
const SEGMENT_SECONDS = 2;

let cluster: Cluster;
let app: WebhookReceiver;
const encoders: RetryingEncoder[] = [];

beforeAll(async () => {
  const env = {
    ...tinyStreams,
    HLS_SEGMENT_SECONDS: String(SEGMENT_SECONDS),
    DRAIN_SECONDS: '1',
    RESTART_LIMIT: '0',
    HLS_WINDOW: '60',
  };
  cluster = await startCluster({ workers: 0, env });
  app = await startWebhookReceiver(cluster.hmacSecret);
});
afterAll(async () => {
  await Promise.all(encoders.map(encoder => encoder.stop()));
  await cluster?.stop();
  await app?.close();
});

async function goLive(id: string): Promise<string> {
  await cluster.client.start(id, { webhook_urls: [app.url] });
  const { srt_url: srtUrl } = await cluster.client.inState(id, 'READY');
  encoders.push(new RetryingEncoder(() => String(srtUrl)));
  return cluster.client.link(id);
}

const lastSegment = async (link: string): Promise<string | undefined> =>
  (await mediaPlaylist(link)).segments.at(-1)?.uri;

async function advanced(link: string, from: string | undefined): Promise<void> {
  await waitFor('a new segment', async () => (await lastSegment(link)) !== from, 40_000);
}

async function end(ids: readonly string[]): Promise<void> {
  await Promise.all(encoders.splice(0).map(encoder => encoder.stop()));
  await Promise.all(ids.map(id => cluster.client.stop(id)));
  await Promise.all(ids.map(id => cluster.client.inState(id, 'STOPPED')));
}

const logged = (worker: Child, msg: string) => worker.log.filter(line => line.msg === msg);

describe('a worker that is stopped', () => {
  test(`a rolling restart of 3 workers under ${STREAMS} live streams ends none of them`, async () => {
    await Promise.all([1, 2, 3].map(() => cluster.addWorker()));
    const ids = Array.from({ length: STREAMS }, (_, i) => `roll-${i}`);
    const links = await Promise.all(ids.map(goLive));
    const oracles = links.map(link => new PlaylistOracle(link));
    const pauses = links.map(link => new PlaylistPauses(link));
    for (let round = 0; round < 3; round += 1) {
      const [old] = cluster.workers.splice(0, 1);
      const busy = logged(old as Child, 'FFmpeg started').length;
      expect(await old?.stop()).toEqual({ code: 0, signal: null });
      process.stdout.write(`worker ${round + 1} had started ${busy} FFmpeg\n`);
      await cluster.addWorker();
      const before = await Promise.all(links.map(lastSegment));
      await Promise.all(links.map((link, i) => advanced(link, before[i])));
    }
    const urls = await Promise.all(ids.map(async id => (await cluster.client.stream(id))?.srt_url));
    const measured = await Promise.all(pauses.map(pause => pause.stop()));
    const gap = Math.max(...measured.map(({ longestGapMs }) => longestGapMs));
    const wait = Math.max(...measured.map(({ longestWaitMs }) => longestWaitMs));
    process.stdout.write(
      `rolling restart, ${STREAMS} streams, ${SEGMENT_SECONDS} s segments: longest gap ${Math.round(gap)} ms, longest wait ${Math.round(wait)} ms, ${encoders.map(({ losses }) => losses.length)} reconnects\n`,
    );
    expect(new Set(urls).size).toBe(STREAMS);
    expect(app.received.filter(({ Status }) => Status === 'STOPPED')).toEqual([]);
    expect(app.received.map(({ Reason }) => Reason)).toContain('handed_over');
    expect(app.received.map(({ Reason }) => Reason)).not.toContain('worker_lost');
    expect(gap).toBeLessThanOrEqual(3 * SEGMENT_SECONDS * 1_000);
    for (const oracle of oracles) expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
    await end(ids);
    await assertNothingLeft(cluster);
    expect(cluster.s3?.violations).toEqual([]);
  }, 240_000);

  test('waits for its streams, hands them over at a second signal, and they keep their URL when a worker starts there again', async () => {
    await Promise.all(cluster.workers.splice(0).map(worker => worker.stop()));
    const only = await cluster.addWorker({ DRAIN_SECONDS: '600' });
    const link = await goLive('alone');
    const oracle = new PlaylistOracle(link);
    const { srt_url: srtUrl } = (await cluster.client.stream('alone')) ?? {};
    only.kill('SIGTERM');
    await only.line('draining: takes no new streams');
    await cluster.client.start('late');
    await advanced(link, await lastSegment(link));
    expect(await cluster.client.stream('late')).toMatchObject({ state: 'INITIALISED' });

    // A worker of another host takes what is new, and leaves the other one to those of its host.
    const away = await cluster.addWorker({ NODE_ID: 'away', SPOOL_DIR: join(cluster.dir, 'away') });
    await cluster.client.inState('late', 'READY');
    only.kill('SIGINT');
    expect(await only.exited).toEqual({ code: 0, signal: null });
    expect(logged(only, 'session ends').map(line => line.ending)).toEqual(['handed_over']);
    const last = await lastSegment(link);
    await cluster.addWorker();
    await advanced(link, last);
    expect(await cluster.client.stream('alone')).toMatchObject({ state: 'STREAMING', srt_url: srtUrl });
    expect(logged(away, 'FFmpeg started')).toEqual([]);
    expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
    await end(['alone', 'late']);
    await assertNothingLeft(cluster);
  }, 60_000);
});
