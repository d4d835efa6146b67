import { afterAll, beforeAll, expect, test } from 'vitest';
import { withPassphrase } from '../../common/srt/withPassphrase.ts';
import { quantile } from '../bench/quantile.ts';
import type { Child } from './harness/childProcess.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { tinySource, tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ workers: 2, env: { ...tinyStreams, WORKER_STREAMS: '4' } });
});
afterAll(() => cluster?.stop());

test('the key of an earlier run is refused with a code of its own, and the new one gets in', async () => {
  const { client, workers } = cluster;
  const urls: string[] = [];
  for (let run = 0; run < 2; run += 1) {
    await client.start('show');
    const { srt_url: srtUrl } = await client.inState('show', 'READY');
    urls.push(String(srtUrl));
    if (run > 0) break;
    const encoder = startEncoder({ srtUrl: String(srtUrl), ...tinySource });
    await client.inState('show', 'STREAMING');
    await client.stop('show');
    await client.inState('show', 'STOPPED');
    await encoder.exited;
  }
  const [oldUrl = '', newUrl = ''] = urls;
  // The new run may have another port; what is tested is the key.
  const stale = newUrl.replace(/token=.*/, String(/token=.*/.exec(oldUrl)?.[0]));
  await startEncoder({ srtUrl: stale, ...tinySource }).exited;
  const refusal = await waitFor('the refusal', () =>
    workers.flatMap(({ log }) => log).find(line => line.code === 1410 || line.refused !== undefined),
  );
  expect(refusal).toMatchObject({ code: 1410, why: expect.stringContaining('another run') });
  await waitFor('the refusal in the API', async () => (await client.stream('show'))?.last_refusal);
  expect(await client.stream('show')).toMatchObject({
    state: 'READY',
    reason: 'listening',
    last_refusal: { code: 1410 },
  });

  const encoder = startEncoder({ srtUrl: newUrl, ...tinySource });
  await client.inState('show', 'STREAMING');
  await client.stop('show');
  await encoder.exited;
}, 60_000);

test('a revoked key ends the connection of its encoder within a second (p95), on each worker', async () => {
  const { client, workers } = cluster;
  const ids = Array.from({ length: 6 }, (_, i) => `revoked-${i}`);
  const encoders = new Map<string, Child>();
  for (const id of ids) {
    await client.start(id, { profile: 'passthrough' });
    const { srt_url: srtUrl } = await client.inState(id, 'READY');
    encoders.set(id, startEncoder({ srtUrl: String(srtUrl), ...tinySource }));
  }
  for (const id of ids) await client.inState(id, 'STREAMING');
  const holders = new Set(await Promise.all(ids.map(async id => (await client.stream(id))?.worker)));
  expect(holders.size).toBe(workers.length);
  const times: number[] = [];
  for (const [id, encoder] of encoders) {
    const askedAt = performance.now();
    await Promise.all([client.v1.streams.rotateKey(id, { revoke: true }), encoder.exited]);
    times.push(performance.now() - askedAt);
  }
  console.log(`revocation to the encoder's exit: ${times.map(Math.round).join(', ')} ms`);
  expect(quantile(times, 0.95)).toBeLessThan(1_000);
  for (const id of ids) await client.stop(id);
}, 60_000);

test('a revoked key lets nobody in, and the passphrase is nowhere to be read', async () => {
  const { client, workers, api } = cluster;
  const passphrase = 'letters-and-digits-9';
  await client.start('secret', { passphrase, profile: 'passthrough' });
  const { srt_url: oldUrl } = await client.inState('secret', 'READY');
  const encoder = startEncoder({ srtUrl: withPassphrase(String(oldUrl), passphrase) ?? '', ...tinySource });
  await client.inState('secret', 'STREAMING');
  const answer = await client.v1.streams.rotateKey('secret', { revoke: true });
  await encoder.exited;
  expect(answer).toMatchObject({ stream_id: 'secret', encrypted: true });
  const newUrl = String(answer.srt_url);
  expect(newUrl).not.toBe(oldUrl);
  await waitFor('the reason', async () => (await client.stream('secret'))?.reason === 'key_revoked');

  await startEncoder({ srtUrl: withPassphrase(String(oldUrl), passphrase) ?? '', ...tinySource }).exited;
  await startEncoder({ srtUrl: newUrl, ...tinySource }).exited;
  await waitFor('both refusals', async () => {
    const refusal = (await client.stream('secret'))?.last_refusal;
    return refusal?.count === 2 && refusal.code === 10;
  });
  const next = startEncoder({ srtUrl: withPassphrase(newUrl, passphrase) ?? '', ...tinySource });
  await client.inState('secret', 'STREAMING');
  const shown = JSON.stringify([
    await client.stream('secret'),
    api.log,
    api.text,
    workers.map(({ log, text }) => [log, text]),
  ]);
  expect(shown).not.toContain(passphrase);
  await client.stop('secret');
  await next.exited;
}, 60_000);
