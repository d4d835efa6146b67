import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { spooledEpochs } from '../../worker/publish/spool/spooledEpochs.ts';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import type { Child } from './harness/childProcess.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { mediaPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { faultSeconds, tinySource, tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from './harness/webhookReceiver.ts';
import { type FaultProxy, startFaultProxy } from './s3/faultProxy.ts';

/** How much a dead worker leaves in the spool. */
const LEFT_SEGMENTS = faultSeconds(5);

let cluster: Cluster;
let proxy: FaultProxy;
let app: WebhookReceiver;
const encoders: Child[] = [];

beforeAll(async () => {
  // A window that still lists what was left behind, so that the test sees it come.
  cluster = await startCluster({ workers: 0, env: { ...tinyStreams, HLS_WINDOW: '80', UPLOAD_ATTEMPTS: '20' } });
  proxy = await startFaultProxy(String(cluster.s3?.endpoint));
  app = await startWebhookReceiver(cluster.hmacSecret);
});
afterAll(async () => {
  await cluster?.stop();
  await proxy?.close();
  await app?.close();
  await Promise.all(encoders.map(encoder => encoder.exited));
});

/** Closed segments in the spool, by name, with their bytes. */
async function closedOnDisk(): Promise<Map<string, Buffer>> {
  const files = (await spooledEpochs(cluster.spoolDir)).flatMap(({ origin, closed }) =>
    closed.map(async ({ name }) => [name, await readFile(join(cluster.spoolDir, origin, name))] as const),
  );
  return new Map(await Promise.all(files));
}

test.each(['all', 'retries'])(
  'a worker that was killed: the next one on its spool stores every closed segment, and the stream goes on (jobs: %s)',
  async jobs => {
    const { client } = cluster;
    const id = `show-${jobs}`;
    const inStore = (name: string): Buffer | undefined => cluster.s3?.objects().get(`${id}/${name}`)?.body;
    const env = { S3_ENDPOINT: proxy.endpoint, UPLOAD_JOBS: jobs };
    const killed = await cluster.addWorker(env);
    await client.start(id, { webhook_urls: [app.url] });
    const { srt_url: srtUrl } = await client.inState(id, 'READY');
    encoders.push(startEncoder({ srtUrl: String(srtUrl), ...tinySource }));
    const link = await client.link(id);
    const oracle = new PlaylistOracle(link);
    await waitFor('three segments', async () => (await mediaPlaylist(link)).segments.length >= 3);

    // Segments pile up in the spool, and then the worker is gone.
    proxy.set({ kind: 'status', code: 503, method: 'PUT', match: /\.ts/, count: 10_000 });
    await waitFor('a backlog', async () => (await closedOnDisk()).size >= LEFT_SEGMENTS, (LEFT_SEGMENTS + 20) * 1_000);
    killed.kill('SIGKILL');
    await killed.exited;
    const left = await closedOnDisk();
    expect([...left.keys()].filter(name => inStore(name) === undefined).length).toBeGreaterThanOrEqual(LEFT_SEGMENTS);
    const before = await mediaPlaylist(link);

    proxy.clear();
    const restartedAt = performance.now();
    const next = await cluster.addWorker(env);
    await waitFor('all that was left to be stored', () => [...left.keys()].every(name => inStore(name) !== undefined));
    const storedMs = performance.now() - restartedAt;
    for (const [name, bytes] of left) expect(inStore(name)?.equals(bytes), name).toBe(true);
    await waitFor('an empty spool', async () => (await spooledEpochs(cluster.spoolDir)).length === 0);
    await client.inState(id, 'READY', 30_000);
    encoders.push(startEncoder({ srtUrl: String(srtUrl), ...tinySource }));
    const after = await waitFor('segments of the next worker', async () => {
      const playlist = await mediaPlaylist(link);
      const breakAt = playlist.segments.findIndex(segment => segment.discontinuity);
      return breakAt > 0 && playlist.segments.length >= breakAt + 3 && playlist;
    });
    process.stdout.write(
      `${left.size} left segments stored ${Math.round(storedMs)} ms after the restart, live again after ${Math.round(performance.now() - restartedAt)} ms\n`,
    );
    expect(after.segments.filter(segment => segment.discontinuity)).toHaveLength(1);
    expect(after.segments.slice(0, before.segments.length).map(segment => segment.uri)).toEqual(
      before.segments.map(segment => segment.uri),
    );

    await client.stop(id);
    await client.inState(id, 'STOPPED');
    expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
    await waitFor('the last webhook', () =>
      app.received.some(event => event.StreamId === id && event.Status === 'STOPPED'),
    );
    expect(app.received.filter(event => event.StreamId === id && event.Status === 'STOPPED')).toHaveLength(1);
    await assertNothingLeft(cluster, 60_000);
    expect(cluster.s3?.violations).toEqual([]);
    await next.stop();
  },
  (LEFT_SEGMENTS + 110) * 1_000,
);
