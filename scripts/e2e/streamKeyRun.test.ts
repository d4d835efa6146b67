import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { tinySource, tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ env: tinyStreams });
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
    workers[0]?.log.find(line => line.code === 1410 || line.refused !== undefined),
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
