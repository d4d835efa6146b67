import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../../e2e/harness/childProcess.ts';
import { startCluster } from '../../e2e/harness/cluster.ts';
import { PlaylistOracle } from '../../e2e/harness/playlistOracle.ts';
import { quantile } from '../quantile.ts';
import { type Source, sendSource } from '../source.ts';
import { type ProcessLoad, processLoad } from './processLoad.ts';

export interface PassthroughLoad extends ProcessLoad {
  lagMs: { p50: number; p95: number };
  violations: number;
}

/** One worker that passes all streams on, into the S3 double. */
export async function livetranPassthrough(options: {
  source: Source;
  streams: number;
  warmSeconds: number;
  seconds: number;
  segmentSeconds: number;
}): Promise<PassthroughLoad> {
  const { source, streams } = options;
  const cluster = await startCluster({
    env: {
      ...{
        DEFAULT_PROFILE: 'passthrough',
        WORKER_STREAMS: String(streams),
        HLS_SEGMENT_SECONDS: String(options.segmentSeconds),
      },
      ...{ POSTERS: 'off', SRT_PORTS: `23000-${23_000 + streams}`, CONNECT_TIMEOUT_SECONDS: '120' },
    },
  });
  const senders: Child[] = [];
  const [worker] = cluster.workers;
  if (!worker) throw new Error('the bench needs a worker');
  try {
    const links: string[] = [];
    for (let i = 0; i < streams; i += 1) {
      const id = `bench-${i}`;
      await cluster.client.start(id);
      const { srt_url: srtUrl } = await cluster.client.inState(id, 'READY', 60_000);
      senders.push(sendSource(source, String(srtUrl)));
    }
    for (let i = 0; i < streams; i += 1) links.push(await cluster.client.link(`bench-${i}`, 90_000));
    await sleep(options.warmSeconds * 1000);
    const before = worker.log.length;
    const load = await processLoad(worker.pid, options.seconds);
    const lags = worker.log
      .slice(before)
      .filter(line => line.msg === 'segment listed')
      .map(line => Number(line.closedToListedMs));
    // After the figures: the oracles' own requests would be part of them.
    const oracles = links.map(link => new PlaylistOracle(link));
    const ends = await Promise.all(oracles.map(oracle => oracle.stop()));
    const lagMs = { p50: Math.round(quantile(lags, 0.5)), p95: Math.round(quantile(lags, 0.95)) };
    return { ...load, lagMs, violations: ends.flatMap(end => end.violations).length };
  } finally {
    for (const sender of senders) sender.kill('SIGKILL');
    await Promise.all(senders.map(sender => sender.exited));
    await cluster.stop();
  }
}
