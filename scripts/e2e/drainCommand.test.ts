import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { mediaPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { RetryingEncoder } from './harness/retryingEncoder.ts';
import { tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';

const run = promisify(execFile);
let cluster: Cluster;
let encoder: RetryingEncoder | undefined;

beforeAll(async () => {
  cluster = await startCluster({ workers: 2, env: { ...tinyStreams, HLS_WINDOW: '60' } });
});
afterAll(async () => {
  await encoder?.stop();
  await cluster?.stop();
});

async function livetran(...argv: string[]): Promise<string> {
  const env = { ...process.env, API_URL: cluster.apiUrl, HMAC_SECRET: cluster.hmacSecret };
  return (await run('./scripts/livetran', argv, { env })).stdout;
}

const workers = () => cluster.client.v1.workers();
const holder = () =>
  waitFor('one worker with the stream', async () => {
    const [first, ...more] = (await workers()).filter(({ streams }) => streams === 1);
    return more.length === 0 && first;
  });

test('drained by command, workers give their streams to others and end none: beside starts, a stop and a kill', async () => {
  await cluster.client.start('show');
  const { srt_url: srtUrl } = await cluster.client.inState('show', 'READY');
  encoder = new RetryingEncoder(() => String(srtUrl));
  const link = await cluster.client.link('show');
  const oracle = new PlaylistOracle(link);
  const segments = async () => (await mediaPlaylist(link)).segments.length;
  const goesOn = async () => {
    const before = await segments();
    await waitFor('a new segment', async () => (await segments()) > before, 40_000);
  };

  const first = await holder();
  expect(await livetran('drain', first.id, '--wait')).toBe(`${first.id}: drained, no stream is left\n`);
  const second = await holder();
  expect(second.id).not.toBe(first.id);
  await goesOn();
  expect(await cluster.client.stream('show')).toMatchObject({ srt_url: srtUrl });
  await cluster.client.start('beside');
  await cluster.client.inState('beside', 'READY');
  expect((await workers()).find(({ id }) => id === first.id)).toMatchObject({ streams: 0, drained: true });
  await cluster.client.stop('beside');
  await cluster.client.inState('beside', 'STOPPED');

  // Killed while it is to hand its stream over.
  await livetran('undrain', first.id);
  await waitFor('it to take streams', async () => (await workers()).every(w => w.id !== first.id || !w.draining));
  await livetran('drain', second.id);
  cluster.workers.find(({ log }) => log.some(line => line.workerId === second.id))?.kill('SIGKILL');
  const runsAtFirst = async () => (await cluster.client.v1.streams.get('show')).worker === first.id;
  await waitFor('the first worker to have it', runsAtFirst, 40_000);

  // The whole node: nowhere to go to.
  await livetran('drain', 'test-node');
  await waitFor('the reason to stay', async () =>
    (await workers()).some(({ staying }) => staying === '1 stream stays: no other worker has room'),
  );
  await cluster.client.start('late');
  await goesOn();
  expect(await cluster.client.stream('late')).toMatchObject({ state: 'INITIALISED' });
  await cluster.client.stop('show');
  await cluster.client.inState('show', 'STOPPED');
  await encoder.stop();
  expect(await livetran('drain', 'test-node', '--wait')).toBe('test-node: drained, no stream is left\n');
  await livetran('undrain', 'test-node');
  await cluster.client.inState('late', 'READY');
  await cluster.client.stop('late');
  await cluster.client.inState('late', 'STOPPED');
  expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
  await assertNothingLeft(cluster);
}, 120_000);
