import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster?.stop());

test('ten small streams started at once on one worker all reach STREAMING; stopping all leaves nothing', async () => {
  const ids = Array.from({ length: 10 }, (_, i) => `many-${i}`);
  await Promise.all(ids.map(id => cluster.client.start(id)));
  const ready = await Promise.all(ids.map(id => cluster.client.inState(id, 'READY')));
  const ports = ready.map(stream => new URL(String(stream.srt_url).replace('srt:', 'http:')).port);
  expect(new Set(ports).size).toBe(10);
  const encoders = ready.map(stream => startEncoder({ srtUrl: String(stream.srt_url), fps: 15, audio: false }));
  await Promise.all(ids.map(id => cluster.client.inState(id, 'STREAMING', 30_000)));
  await Promise.all(ids.map(id => cluster.client.link(id, 60_000)));
  await Promise.all(ids.map(id => cluster.client.stop(id)));
  await Promise.all(ids.map(id => cluster.client.inState(id, 'STOPPED', 60_000)));
  await Promise.all(encoders.map(encoder => encoder.exited));
  await assertNothingLeft(cluster);
});
