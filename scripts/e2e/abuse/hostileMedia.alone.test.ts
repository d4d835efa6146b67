import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withoutPid, withPts } from '../../../worker/transcode/testing/editTs.ts';
import { audioPid, makeTs, videoPid } from '../../../worker/transcode/testing/makeTs.ts';
import { patSection, pmtPacket, pmtSection, sectionPackets } from '../../../worker/transcode/testing/sections.ts';
import { assertNothingLeft } from '../harness/assertNothingLeft.ts';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { startEncoder } from '../harness/encoder.ts';
import { PlaylistOracle } from '../harness/playlistOracle.ts';
import { waitFor } from '../harness/waitFor.ts';
import { watchMemory } from './memoryWatch.ts';
import { type RawSender, startRawSender } from './rawSender.ts';

const megabyte = 1_000_000;
/** How long the neighbour has to stand the attacks at least. */
const attackMs = 15_000;

let cluster: Cluster;
let attacks: Record<string, { data: Buffer; bytesPerSecond: number }>;

beforeAll(async () => {
  [cluster, attacks] = await Promise.all([startCluster(), makeAttacks()]);
});
afterAll(() => cluster?.stop());

async function makeAttacks(): Promise<typeof attacks> {
  const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '51', '-pix_fmt', 'yuv420p'];
  const bomb = [...x264, '-x264-params', 'ref=1:rc-lookahead=0:sync-lookahead=0:threads=1'];
  const flip = { seconds: 0.1, audio: 'none', gop: 1 } as const;
  const parts = [
    makeTs({ seconds: 2, fps: '1', gop: 1, size: '16000x16000', audio: 'none', video: bomb }),
    makeTs({ ...flip, size: '320x180' }),
    makeTs({ ...flip, size: '160x90' }),
    makeTs({ seconds: 4 }),
  ];
  const [picture, small, large, usual] = (await Promise.all(parts)) as [Buffer, Buffer, Buffer, Buffer];
  const silent = withoutPid(usual, audioPid);
  const noTables = withoutPid(silent, 4_096);
  const lost = pmtPacket(4_096, 1, [{ type: 15, pid: audioPid }]);
  const programs = Array.from({ length: 250 }, (_, i) => 100 + i);
  const streams = Array.from({ length: 190 }, (_, i) => ({ type: i === 189 ? 27 : 15, pid: 1_000 + i }));
  const storm = (version: number) => [
    sectionPackets(0, patSection(programs, version)),
    ...programs.map((pid, i) => sectionPackets(pid, pmtSection(i + 1, streams, version))),
  ];
  return {
    'picture-bomb': { data: picture, bytesPerSecond: megabyte },
    'format-flips': { data: Buffer.concat([small, large]), bytesPerSecond: megabyte / 2 },
    'psi-storm': { data: Buffer.concat([0, 1, 2, 3].flatMap(storm)), bytesPerSecond: 2 * megabyte },
    'lost-video': {
      data: Buffer.concat([silent.subarray(0, 9_400), ...Array.from({ length: 60 }, () => [lost, noTables]).flat()]),
      bytesPerSecond: 2 * megabyte,
    },
    garbage: { data: Buffer.alloc(megabyte, 'no transport stream'), bytesPerSecond: megabyte },
    'pts-jumps': { data: withPts(withPts(usual, videoPid, 30, 400), videoPid, 60, 90_000), bytesPerSecond: 80_000 },
  };
}

const isAlive = (pid: number) => process.kill(pid, 0);

test('hostile media ends no process, stays within its memory, and holds no neighbour', async () => {
  const { client, workers } = cluster;
  const [worker] = workers;
  if (worker === undefined) throw new Error('no worker');
  const open = async (id: string) => {
    await client.start(id);
    return String((await client.inState(id, 'READY')).srt_url);
  };
  const memory = watchMemory(worker.pid);
  const neighbour = startEncoder({ srtUrl: await open('neighbour') });
  const oracle = new PlaylistOracle(await client.link('neighbour', 30_000));
  const began = performance.now();
  const senders: RawSender[] = [];
  for (const [id, { data, bytesPerSecond }] of Object.entries(attacks)) {
    senders.push(startRawSender(await open(id), data, bytesPerSecond));
  }
  const refused = (id: string, message: RegExp) =>
    waitFor(
      `${id} to be refused`,
      async () => {
        const stream = await client.stream(id);
        return stream?.reason === 'input_invalid' && message.test(stream.update ?? '') && stream;
      },
      30_000,
    );
  await refused('picture-bomb', /16000x16000 .*MAX_PIXELS/);
  await refused('garbage', /no MPEG-TS/);
  await refused('psi-storm', /sends none|no video/);
  await refused('lost-video', /no video/);
  await sleep(Math.max(0, attackMs - (performance.now() - began)));

  const starts = (id: string) =>
    worker.log.filter(line => line.msg === 'FFmpeg started' && line.streamId === id).length;
  expect(starts('format-flips')).toBeGreaterThan(1);
  // Two changes are free, the restart budget has ten.
  expect(starts('format-flips')).toBeLessThanOrEqual(13);
  for (const id of ['picture-bomb', 'garbage', 'psi-storm', 'lost-video']) expect(starts(id)).toBe(0);
  const verdict = await oracle.stop();
  expect(verdict.violations).toEqual([]);
  expect(verdict.gaps).toBe(0);
  expect(verdict.segments).toBeGreaterThanOrEqual(3);
  expect((await client.stream('neighbour'))?.state).toBe('STREAMING');

  await Promise.all(senders.map(sender => sender.stop()));
  await neighbour.stop();
  const peaks = await memory.stop();
  expect(peaks.worker).toBeLessThan(600 * megabyte);
  expect(peaks.ffmpeg).toBeLessThan(1_000 * megabyte);
  expect(isAlive(worker.pid) && isAlive(cluster.api.pid)).toBe(true);
  for (const id of ['neighbour', ...Object.keys(attacks)]) {
    await client.stop(id);
    await client.inState(id, 'STOPPED');
  }
  await assertNothingLeft(cluster);
});
