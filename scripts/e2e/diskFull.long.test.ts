import { mkdir, mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import type { Child } from './harness/childProcess.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { mediaPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { tinySource, tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';

/** A tmpfs has to be mounted, which takes root: so this is no part of the ordinary tests. */
const DISK_BYTES = 6 * 1024 * 1024;

let disk: string;
let cluster: Cluster;
let small: Child;
const encoders: Child[] = [];

beforeAll(async () => {
  disk = await mkdtemp(join(tmpdir(), 'livetran-disk-'));
  await execa('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'none', disk]);
  await mkdir(join(disk, 'spool'));
  cluster = await startCluster({ workers: 0, env: tinyStreams });
  small = await cluster.addWorker({ NODE_ID: 'small', SPOOL_DIR: join(disk, 'spool'), WORKER_STREAMS: '2' });
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all(encoders.map(encoder => encoder.exited));
  await execa('umount', [disk]);
  await rm(disk, { recursive: true });
});

async function goLive(id: string) {
  const { client } = cluster;
  await client.start(id);
  const { srt_url: srtUrl } = await client.inState(id, 'READY');
  encoders.push(startEncoder({ srtUrl: String(srtUrl), ...tinySource }));
  const link = await client.link(id);
  return { link, oracle: new PlaylistOracle(link) };
}

/** Somebody else's file takes all that is left. */
async function fillDisk(): Promise<() => Promise<void>> {
  const path = join(disk, 'foreign');
  const file = await open(path, 'w');
  const chunk = Buffer.alloc(64 * 1024);
  try {
    while ((await statfs(disk)).bavail > 0) await file.write(chunk);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' });
  } finally {
    await file.close();
  }
  return () => rm(path);
}

test('a disk that is full ends the streams on it with storage_error, and nothing else', async () => {
  const { client } = cluster;
  const ending = await Promise.all([goLive('one'), goLive('two')]);
  // Another host, with a disk of its own.
  await cluster.addWorker();
  const other = await goLive('elsewhere');
  const free = await fillDisk();
  for (const id of ['one', 'two']) {
    const stream = await client.inState(id, 'STOPPED', 30_000);
    expect(stream.reason).toBe('storage_error');
  }
  for (const { oracle } of ending) expect((await oracle.stop()).violations).toEqual([]);

  const before = await mediaPlaylist(other.link);
  await waitFor('the other stream to go on', async () => {
    const { mediaSequence, segments } = await mediaPlaylist(other.link);
    return mediaSequence + segments.length > before.mediaSequence + before.segments.length + 3;
  });
  expect((await client.stream('elsewhere'))?.state).toBe('STREAMING');
  expect((await fetch(`${cluster.apiUrl}/readyz`)).ok).toBe(true);

  // The worker is the same process, and takes streams again when there is room.
  await free();
  await client.stop('elsewhere');
  await client.inState('elsewhere', 'STOPPED', 30_000);
  expect((await other.oracle.stop()).violations).toEqual([]);
  await cluster.workers[1]?.stop();
  const again = await goLive('again');
  expect(small.log.filter(line => Number(line.level) >= 60)).toEqual([]);
  await client.stop('again');
  await client.inState('again', 'STOPPED', 30_000);
  expect((await again.oracle.stop()).violations).toEqual([]);
  await assertNothingLeft(cluster);
});
