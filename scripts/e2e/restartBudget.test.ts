import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { mediaPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { RetryingEncoder } from './harness/retryingEncoder.ts';
import { tinySource, tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ workers: 0, env: tinyStreams });
});
afterAll(async () => {
  await cluster?.stop();
});

/** An FFmpeg that dies after a few packets once the file `crash` is there. */
const crashing = (dir: string): string => `#!/bin/sh
case "$*" in *pipe:0*) if [ -e "${dir}/crash" ]; then head -c 20000 >/dev/null; kill -SEGV $$; fi ;; esac
exec ffmpeg "$@"
`;

test('a crash of FFmpeg costs a restart under the same encoder; too many of them end the stream', async () => {
  const { client, dir } = cluster;
  const ffmpeg = join(dir, 'ffmpeg');
  await writeFile(ffmpeg, crashing(dir), { mode: 0o755 });
  const worker = await cluster.addWorker({ FFMPEG: ffmpeg, RESTART_LIMIT: '3' });
  const pids = (): number[] =>
    worker.log.flatMap(line => (line.msg === 'FFmpeg started' ? [Number(line.ffmpegPid)] : []));
  await client.start('show');
  const { srt_url: srtUrl } = await client.inState('show', 'READY');
  const encoder = startEncoder({ srtUrl: String(srtUrl), ...tinySource });
  const link = await client.link('show');
  const oracle = new PlaylistOracle(link);

  process.kill(pids()[0] ?? 0, 'SIGSEGV');
  await waitFor('segments of the next FFmpeg', async () => {
    const { segments } = await mediaPlaylist(link);
    const breakAt = segments.findIndex(({ discontinuity }) => discontinuity);
    return breakAt > 0 && segments.length > breakAt + 1;
  });
  expect(worker.log.filter(({ msg }) => msg === 'encoder connected')).toHaveLength(1);

  await writeFile(join(dir, 'crash'), '');
  process.kill(pids()[1] ?? 0, 'SIGSEGV');
  const crashedAt = performance.now();
  const stopped = await client.inState('show', 'STOPPED');
  process.stdout.write(
    `${pids().length} FFmpeg, ended ${Math.round(performance.now() - crashedAt)} ms after the second crash\n`,
  );
  expect(stopped).toMatchObject({ reason: 'transcode_error' });
  expect(stopped.update).toContain('more than 3 restarts within 600 s');
  // The first, and a restart for each crash that the budget bore.
  expect(pids()).toHaveLength(4);
  expect((await mediaPlaylist(link)).ended).toBe(true);
  expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
  await encoder.exited;
  await Promise.all(cluster.workers.splice(0).map(each => each.stop()));
  await assertNothingLeft(cluster);
}, 60_000);

test('a stream whose workers die again and again is ended', async () => {
  const { client } = cluster;
  const restart = () => cluster.addWorker({ RESTART_LIMIT: '1' });
  let worker = await restart();
  await client.start('deadly');
  const { srt_url: srtUrl } = await client.inState('deadly', 'READY');
  const encoder = new RetryingEncoder(() => String(srtUrl));
  const link = await client.link('deadly');
  for (let death = 1; death <= 2; death += 1) {
    worker.kill('SIGKILL');
    await worker.exited;
    worker = await restart();
    if (death === 1) await worker.line('encoder connected', 30_000);
  }
  expect(await client.inState('deadly', 'STOPPED', 30_000)).toMatchObject({ reason: 'transcode_error' });
  expect((await mediaPlaylist(link)).ended).toBe(true);
  await encoder.stop();
  await assertNothingLeft(cluster, 60_000);
}, 150_000);
