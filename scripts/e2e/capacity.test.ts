import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { tinySource, tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from './harness/webhookReceiver.ts';

let cluster: Cluster;
let app: WebhookReceiver;

beforeAll(async () => {
  cluster = await startCluster({ env: { ...tinyStreams, WORKER_STREAMS: '2' } });
  app = await startWebhookReceiver(cluster.hmacSecret);
});
afterAll(async () => {
  await cluster?.stop();
  await app?.close();
});

const waits = (id: string) =>
  waitFor(`${id} to say why it waits`, async () => {
    const stream = await cluster.client.stream(id);
    return stream?.reason === 'no_capacity' && stream;
  });

test('a stream beyond the slots waits, says why, and starts when one is free', async () => {
  const { client } = cluster;
  for (const id of ['one', 'two']) await client.start(id);
  await Promise.all(['one', 'two'].map(id => client.inState(id, 'READY')));
  await client.start('three', { webhook_urls: [app.url] });
  expect(await waits('three')).toMatchObject({
    state: 'INITIALISED',
    update: 'waiting: no capacity (1 worker: 1 full)',
  });
  expect((await client.status('three')).body.data).toBe('Status: INITIALISED');
  await client.stop('one');
  const started = performance.now();
  expect(await client.inState('three', 'READY')).toMatchObject({
    reason: 'listening',
    update: 'Waiting for the encoder',
  });
  process.stdout.write(
    `a waiting stream was READY ${Math.round(performance.now() - started)} ms after a slot was free\n`,
  );
  await waitFor('the webhooks', () => app.received.some(({ Reason }) => Reason === 'listening'));
  expect(app.received.map(({ Status, Reason }) => `${Status} ${Reason}`)).toEqual([
    ...['INITIALISED created', 'INITIALISED no_capacity', 'READY listening'],
  ]);
  // One that waits can be stopped, too.
  await client.start('four');
  await waits('four');
  await client.stop('four');
  expect(await client.stream('four')).toMatchObject({ state: 'STOPPED', reason: 'user_stop' });
  for (const id of ['two', 'three']) await client.stop(id);
  for (const id of ['two', 'three']) await client.inState(id, 'STOPPED');
  await assertNothingLeft(cluster);
}, 60_000);

/** An FFmpeg that gets its media at a trickle while the file `slow` is there. */
const trickling = (dir: string): string => `#!/bin/sh
case "$*" in *pipe:0*) ;; *) exec ffmpeg "$@" ;; esac
"${process.execPath}" -e '
const { existsSync } = require("node:fs");
(async () => {
  for await (const chunk of process.stdin) {
    for (let at = 0; at < chunk.length; at += 1024) {
      process.stdout.write(chunk.subarray(at, at + 1024));
      if (existsSync("${dir}/slow")) await new Promise(resolve => setTimeout(resolve, 100));
    }
  }
})();' | ffmpeg "$@"
`;

test('a worker whose encode falls behind takes no stream until it has caught up', async () => {
  const { client, dir } = cluster;
  const ffmpeg = join(dir, 'ffmpeg');
  await writeFile(ffmpeg, trickling(dir), { mode: 0o755 });
  await Promise.all(cluster.workers.splice(0).map(worker => worker.stop()));
  const worker = await cluster.addWorker({ FFMPEG: ffmpeg });
  await client.start('slow');
  const { srt_url: srtUrl } = await client.inState('slow', 'READY');
  const encoder = startEncoder({ srtUrl: String(srtUrl), ...tinySource });
  await client.link('slow');
  await writeFile(join(dir, 'slow'), '');
  await worker.line('this worker takes no new streams', 40_000);
  await client.start('patient');
  expect(await waits('patient')).toMatchObject({ update: 'waiting: no capacity (1 worker: 1 overloaded)' });
  await rm(join(dir, 'slow'));
  expect(await client.inState('patient', 'READY', 30_000)).toMatchObject({ reason: 'listening' });
  for (const id of ['slow', 'patient']) await client.stop(id);
  for (const id of ['slow', 'patient']) await client.inState(id, 'STOPPED');
  await encoder.exited;
  await assertNothingLeft(cluster);
}, 90_000);
