import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { stopDeadlines } from '../../worker/start/stopDeadlines.ts';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import type { Child } from './harness/childProcess.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { mediaPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { RetryingEncoder } from './harness/retryingEncoder.ts';
import { tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from './harness/webhookReceiver.ts';

/** The store is not away: half of the time in which the worker must be gone, whatever is away. */
const STOP_MS = stopDeadlines.exitMs / 2;
const TEST_MS = 180_000;

let cluster: Cluster;
let app: WebhookReceiver;
let encoder: RetryingEncoder | undefined;
let oracle: PlaylistOracle | undefined;

beforeAll(async () => {
  cluster = await startCluster({ workers: 0, env: { ...tinyStreams, HLS_WINDOW: '60' } });
  app = await startWebhookReceiver(cluster.hmacSecret);
});
afterEach(async () => {
  await encoder?.stop();
  await oracle?.stop();
});
afterAll(async () => {
  await cluster?.stop();
  await app?.close();
});

/** A stream with a worker of its own, and three segments in its playlist. */
async function goLive(id: string, env: Record<string, string> = {}) {
  const worker = await cluster.addWorker(env);
  await cluster.client.start(id, { webhook_urls: [app.url] });
  const { srt_url: srtUrl } = await cluster.client.inState(id, 'READY');
  encoder = new RetryingEncoder(() => String(srtUrl));
  const link = await cluster.client.link(id);
  oracle = new PlaylistOracle(link);
  const segments = async (): Promise<number> => (await mediaPlaylist(link)).segments.length;
  await waitFor('three segments', async () => (await segments()) >= 3);
  return { worker, link, oracle, encoder, segments };
}

/** SIGTERM, and how long the worker took (ms). It has to exit by itself, with 0. */
async function drain(worker: Child): Promise<number> {
  const at = performance.now();
  worker.kill('SIGTERM');
  expect(await worker.exited).toEqual({ code: 0, signal: null });
  return performance.now() - at;
}

const logged = (worker: Child): unknown[] => worker.log.map(({ msg }) => msg);
const stopAll = () => Promise.all(cluster.workers.splice(0).map(each => each.stop()));

const outages: [string, () => unknown, () => unknown][] = [
  ['frozen', () => process.kill(cluster.redis.pid, 'SIGSTOP'), () => process.kill(cluster.redis.pid, 'SIGCONT')],
  ['stopped', () => cluster.redis.stop(), () => cluster.startRedisAgain({ losingData: false })],
];

describe.each(outages)('Redis %s: a worker drains in order and in time', (how, leave, comeBack) => {
  test(
    'and the next one goes on with its stream',
    async () => {
      const id = `live-${how}`;
      const live = await goLive(id);
      await leave();
      const took = await drain(live.worker).finally(comeBack);
      process.stdout.write(`Redis ${how}: the worker had drained after ${Math.round(took)} ms\n`);
      expect(took).toBeLessThan(STOP_MS);
      expect(logged(live.worker)).toContain('lease not released; it expires by itself');

      const left = await live.segments();
      await cluster.addWorker();
      await waitFor('segments of the next owner', async () => (await live.segments()) >= left + 2, 60_000);
      await cluster.client.stop(id);
      await cluster.client.inState(id, 'STOPPED');
      await live.encoder.stop();
      expect(await live.oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
      await stopAll();
      await assertNothingLeft(cluster, 60_000);
    },
    TEST_MS,
  );

  test(
    'and the next one carries out the end that Redis has not confirmed',
    async () => {
      const id = `ended-${how}`;
      const env = { RECONNECT_TIMEOUT_SECONDS: '2', DRAIN_SECONDS: '0' };
      const { worker, link, ...live } = await goLive(id, env);
      await leave();
      let took: number;
      try {
        await live.encoder.stop();
        await waitFor("the session's end", () => logged(worker).includes('session ends'), 30_000);
        took = await drain(worker);
        expect(await (await fetch(link)).text()).toMatch(/#EXT-X-ENDLIST\n$/);
      } finally {
        await comeBack();
      }
      process.stdout.write(`Redis ${how}, the stream over: the worker had drained after ${Math.round(took)} ms\n`);
      expect(took).toBeLessThan(STOP_MS);
      expect(logged(worker)).toContain("the stream's end was not written to Redis; its next owner ends it");

      await cluster.addWorker(env);
      await cluster.client.inState(id, 'STOPPED', 60_000);
      const ends = () => app.received.filter(({ StreamId, Status }) => StreamId === id && Status === 'STOPPED');
      await waitFor('the webhook of the end', () => ends().length > 0, 60_000);
      expect(await live.oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
      await stopAll();
      await assertNothingLeft(cluster, 60_000);
      expect(new Set(ends().map(({ EventId, Reason }) => `${EventId} ${Reason}`)).size).toBe(1);
      expect(ends()[0]?.Reason).toBe('reconnect_timeout');
    },
    TEST_MS,
  );
});
