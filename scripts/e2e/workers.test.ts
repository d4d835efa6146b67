import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ workers: 2, env: { ...tinyStreams, WORKER_STREAMS: '3', DRAIN_SECONDS: '600' } });
});
afterAll(async () => {
  await cluster?.stop();
});

const workers = () => cluster.client.v1.workers();
const readyz = async (): Promise<unknown> => (await (await fetch(`${cluster.apiUrl}/readyz`)).json()) as unknown;

test('the registry shows who runs what, who drains, and forgets who is gone', async () => {
  const both = await waitFor('both workers', async () => {
    const list = await workers();
    return list.length === 2 && list;
  });
  expect(both[0]).toMatchObject({
    ...{ node: 'test-node', address: '127.0.0.1', version: expect.stringMatching(/^\d/), slots: 3, streams: 0 },
    ...{ draining: false, busy: null, since: expect.stringMatching(/^\d{4}-/) },
  });
  expect(await readyz()).toMatchObject({ ready: true, workers: { alive: 2, taking: 2 } });

  await cluster.client.start('show');
  await cluster.client.inState('show', 'READY');
  const [holder] = await waitFor('the stream in the registry', async () => {
    const list = (await workers()).filter(worker => worker.streams === 1);
    return list.length === 1 && list;
  });
  const process = cluster.workers.find(({ log }) => log.some(line => line.workerId === holder?.id));
  process?.kill('SIGTERM');
  await waitFor('draining', async () => (await workers()).some(({ id, draining }) => id === holder?.id && draining));
  const drainsSince = performance.now();
  expect(await readyz()).toMatchObject({ ready: true, workers: { alive: 2, taking: 1 } });
  const cli = await promisify(execFile)('./scripts/livetran', ['workers'], {
    env: { ...globalThis.process.env, API_URL: cluster.apiUrl, HMAC_SECRET: cluster.hmacSecret },
  });
  expect(cli.stdout).toMatch(/ 1\/3 .* draining\n/);
  expect(cli.stdout).toMatch(/ 0\/3 .* taking streams\n/);

  // Signals within a second are one request (onEndSignals).
  await waitFor('a second to pass', () => performance.now() - drainsSince > 1_000);
  process?.kill('SIGTERM');
  expect(await process?.exited).toEqual({ code: 0, signal: null });
  // It signs off; it is not only forgotten.
  expect((await workers()).map(({ id }) => id)).toEqual(both.map(({ id }) => id).filter(id => id !== holder?.id));
  await waitFor('the stream at the other worker', async () => (await workers())[0]?.streams === 1);
  const other = cluster.workers.find(worker => worker !== process);
  other?.kill('SIGKILL');
  await waitFor('a dead worker to be forgotten', async () => (await workers()).length === 0);
  expect(await readyz()).toMatchObject({ ready: false, workers: { alive: 0 } });
}, 60_000);
