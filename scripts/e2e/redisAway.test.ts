import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import type { Child } from './harness/childProcess.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { isHealthEvent } from './harness/isHealthEvent.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { faultSeconds, tinySource, tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from './harness/webhookReceiver.ts';

const AWAY_SECONDS = faultSeconds(12);
const STATE_RIGHT_MS = 10_000;

let cluster: Cluster;
let app: WebhookReceiver;
let encoder: Child;
let oracle: PlaylistOracle;
let link: string;

beforeAll(async () => {
  cluster = await startCluster({ env: tinyStreams });
  app = await startWebhookReceiver(cluster.hmacSecret);
  await cluster.client.start('show', { webhook_urls: [app.url] });
  const { srt_url: srtUrl } = await cluster.client.inState('show', 'READY');
  encoder = startEncoder({ srtUrl: String(srtUrl), ...tinySource });
  link = await cluster.client.link('show');
  oracle = new PlaylistOracle(link);
});
afterAll(async () => {
  await cluster?.stop();
  await app?.close();
  await encoder?.exited;
});

/** Media sequence number of the last segment that viewers have. */
async function lastSequence(): Promise<number> {
  const text = await (await fetch(link)).text();
  return Number(/MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]) + (text.match(/^#EXTINF/gm)?.length ?? 0) - 1;
}

/** Waits for so many more segments, one a second; answers with the longest time (ms) without a new one. */
async function advance(segments: number): Promise<number> {
  const until = (await lastSequence()) + segments;
  let [seen, changedAt, longest] = [0, performance.now(), 0];
  const look = async (): Promise<boolean> => {
    const last = await lastSequence();
    longest = Math.max(longest, performance.now() - changedAt);
    if (last !== seen) changedAt = performance.now();
    seen = last;
    return last >= until;
  };
  await waitFor(`${segments} more segments`, look, (segments + 10) * 1_000);
  return longest;
}

/** The record is there and under a lease, the API tells it, and the ledger's copy knows what viewers see. */
async function isStateRight(): Promise<boolean> {
  const redis = new Redis(cluster.redis.url, { commandTimeout: 1_000, maxRetriesPerRequest: 0 });
  redis.on('error', () => undefined);
  try {
    const [leaseUntil, ledger, live] = await Promise.all([
      redis.hget(keys.stream('show'), 'leaseUntil'),
      redis.get(keys.ledger('show')),
      redis.sismember(keys.live, 'show'),
    ]);
    const copy = ledger === null ? undefined : JSON.parse(ledger).ledger;
    const { body } = await cluster.client.status('show');
    return (
      Number(leaseUntil) > Date.now() &&
      live === 1 &&
      (copy?.nextMediaSequence ?? 0) > (await lastSequence()) - 1 &&
      body.data === 'Status: STREAMING'
    );
  } finally {
    redis.disconnect();
  }
}

const timesLogged = (msg: string): number =>
  cluster.workers.flatMap(({ log }) => log).filter(line => line.msg === msg).length;

const outages: [string, () => unknown, () => unknown][] = [
  ['frozen', () => process.kill(cluster.redis.pid, 'SIGSTOP'), () => process.kill(cluster.redis.pid, 'SIGCONT')],
  [
    'stopped and started again, with its data',
    () => cluster.redis.stop(),
    () => cluster.startRedisAgain({ losingData: false }),
  ],
  [
    'stopped and started again, its data lost',
    () => cluster.redis.stop(),
    () => cluster.startRedisAgain({ losingData: true }),
  ],
];

describe(`Redis away for ${AWAY_SECONDS} s`, () => {
  test.each(outages)(
    '%s: the playlist goes on all the while, and the state is right again within 10 s',
    async (_name, leave, comeBack) => {
      await waitFor('a right state', isStateRight);
      await leave();
      const longestPause = await advance(AWAY_SECONDS);
      await comeBack();
      const backAt = performance.now();
      await waitFor('a right state', isStateRight, STATE_RIGHT_MS);
      process.stdout.write(
        `Redis ${_name}: longest pause ${Math.round(longestPause)} ms, state right after ${Math.round(performance.now() - backAt)} ms\n`,
      );
      expect(longestPause).toBeLessThan(5_000);
      expect(await advance(3)).toBeLessThan(5_000);
      expect(timesLogged('FFmpeg started')).toBe(1);
      expect(timesLogged('ledger read; publishing begins')).toBe(1);
    },
    (AWAY_SECONDS + 60) * 1_000,
  );

  test('then the stream is stopped: reported once, nothing missing, nothing left', async () => {
    await cluster.client.stop('show');
    await cluster.client.inState('show', 'STOPPED');
    const verdict = await oracle.stop();
    expect(verdict).toMatchObject({ violations: [], gaps: 0 });
    expect(verdict.segments).toBeGreaterThan(3 * AWAY_SECONDS);
    await waitFor('the last webhook', () => app.received.some(event => event.Status === 'STOPPED'));
    await assertNothingLeft(cluster);
    expect(app.received.filter(event => !isHealthEvent(event)).map(event => event.Reason)).toEqual([
      ...['created', 'listening', 'encoder_connected', 'playable', 'user_stop'],
    ]);
    expect(new Set(app.received.map(event => event.EventId)).size).toBe(app.received.length);
    expect(cluster.s3?.violations).toEqual([]);
  });
});
