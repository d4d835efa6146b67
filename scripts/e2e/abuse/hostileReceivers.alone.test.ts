import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quantile } from '../../bench/quantile.ts';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { peakRss } from '../harness/peakRss.ts';
import { waitFor } from '../harness/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../harness/webhookReceiver.ts';

const VICTIMS = 50;
const ATTACKERS = 300;
const MOST_BYTES = 600_000_000;

let cluster: Cluster;
let app: WebhookReceiver;
let hostile: Worker;
let hostileUrls: string[];

beforeAll(async () => {
  cluster = await startCluster({ storage: 'file', env: { WORKER_STREAMS: '1', LOG_LEVEL: 'info' } });
  app = await startWebhookReceiver(cluster.hmacSecret);
  hostile = new Worker(new URL('./hostileReceiversThread.ts', import.meta.url));
  [hostileUrls] = (await once(hostile, 'message')) as [string[]];
});
afterAll(async () => {
  await cluster?.stop();
  await hostile?.terminate();
  await app?.close();
});

/** Starts and stops streams, one after the other; ms from each stop call to its STOPPED webhook. */
async function stopTimes(name: string): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < VICTIMS; i += 1) {
    const id = `${name}-${i}`;
    await cluster.client.start(id, { webhook_urls: [app.url] });
    const asked = performance.now();
    await cluster.client.stop(id);
    times.push((await arrivalOfStopped(id)) - asked);
  }
  return times;
}

/** What the hostile receivers have counted. */
async function counted(): Promise<{ followed: number; connections: number }> {
  hostile.postMessage('counts');
  const [counts] = await once(hostile, 'message');
  return counts;
}

const arrivalOfStopped = (id: string): Promise<number> =>
  waitFor(`STOPPED of ${id}`, () => {
    const i = app.received.findIndex(event => event.StreamId === id && event.Status === 'STOPPED');
    return app.arrivals[i];
  });

test('300 streams with ten hostile receivers each do not delay the webhooks of others', async () => {
  // It takes the only slot: no worker holds the others, and a stop is the API's alone.
  await cluster.client.start('slot');
  await cluster.client.inState('slot', 'READY');
  const calm = await stopTimes('calm');
  for (let i = 0; i < ATTACKERS; i += 1) await cluster.client.start(`attack-${i}`, { webhook_urls: hostileUrls });
  await waitFor('the attack', async () => (await counted()).connections > 20);
  const attacked = await stopTimes('attacked');
  const [p95, p95Calm] = [quantile(attacked, 0.95), quantile(calm, 0.95)];
  console.log(`stop call to STOPPED webhook, p95: ${p95Calm.toFixed(0)} ms calm, ${p95.toFixed(0)} ms attacked`);
  expect(p95).toBeLessThan(1_000);
  for (const name of ['calm', 'attacked'])
    for (let i = 0; i < VICTIMS; i += 1) {
      const sequence = app.received.filter(event => event.StreamId === `${name}-${i}`).map(event => event.Sequence);
      expect(sequence).toEqual(sequence.toSorted((a, b) => a - b));
    }
  expect(app.forged).toEqual([]);
  expect((await counted()).followed).toBe(0);
  const peaks = await Promise.all([cluster.api, ...cluster.workers].map(child => peakRss(child.pid)));
  console.log(`peak memory of API and worker: ${peaks.map(bytes => `${Math.round(bytes / 1e6)} MB`).join(', ')}`);
  expect(Math.max(...peaks)).toBeLessThan(MOST_BYTES);
});
