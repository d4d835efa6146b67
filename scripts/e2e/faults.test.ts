import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { mediaPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { RetryingEncoder } from './harness/retryingEncoder.ts';
import { tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';

/** Faults of the worker's own, when the test wants them: SIGUSR2 throws where nothing catches, SIGHUP rejects. */
const faulty = `
process.on('SIGUSR2', () => setImmediate(() => { throw new Error('thrown by the test'); }));
process.on('SIGHUP', () => { Promise.reject(new Error('rejected by the test')); });
`;
const BORNE = 5;

let cluster: Cluster;
let encoder: RetryingEncoder | undefined;

beforeAll(async () => {
  cluster = await startCluster({ workers: 0, env: { ...tinyStreams, HLS_WINDOW: '60' } });
});
afterAll(async () => {
  await encoder?.stop();
  await cluster?.stop();
});

test('no rejection, and no single exception, ends a worker that has a live stream; too many hand it over', async () => {
  const { client } = cluster;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(faulty)}`;
  const worker = await cluster.addWorker({ NODE_OPTIONS });
  await client.start('show');
  const { srt_url: srtUrl } = await client.inState('show', 'READY');
  encoder = new RetryingEncoder(() => String(srtUrl));
  const link = await client.link('show');
  const oracle = new PlaylistOracle(link);
  const segments = async (): Promise<number> => (await mediaPlaylist(link)).segments.length;
  const faults = (): number => worker.log.filter(line => /by the test/.test(JSON.stringify(line.err ?? ''))).length;

  for (let fault = 1; fault <= 4; fault += 1) {
    worker.kill(fault % 2 === 0 ? 'SIGUSR2' : 'SIGHUP');
    await waitFor('the fault in the log', () => faults() === fault);
  }
  const before = await segments();
  await waitFor('three more segments', async () => (await segments()) >= before + 3);
  expect(worker.log.filter(({ msg }) => msg === 'FFmpeg started')).toHaveLength(1);

  await cluster.addWorker();
  for (let fault = 5; fault <= BORNE + 3; fault += 1) {
    worker.kill('SIGUSR2');
    await waitFor('the fault in the log', () => faults() === fault);
  }
  expect(await worker.exited).toEqual({ code: 1, signal: null });
  expect(worker.log.filter(({ msg }) => msg === 'session ends')).toMatchObject([{ ending: 'handed_over' }]);
  const left = await segments();
  await waitFor('segments of the other worker', async () => (await segments()) >= left + 2, 40_000);
  await client.stop('show');
  await client.inState('show', 'STOPPED');
  expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
}, 120_000);
