import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from '../../e2e/harness/childProcess.ts';
import { waitFor } from '../../e2e/harness/waitFor.ts';
import { freePort } from '../../lib/freePort.ts';
import { type Source, sendSource } from '../source.ts';
import { type ProcessLoad, processLoad } from './processLoad.ts';

/**
 * The same streams through MediaMTX: SRT in, MPEG-TS HLS into a folder, everything else off.
 * @param program path of a `mediamtx` binary
 */
export async function mediaMtxRun(
  program: string,
  options: {
    tmp: string;
    source: Source;
    streams: number;
    warmSeconds: number;
    seconds: number;
    segmentSeconds: number;
  },
): Promise<ProcessLoad> {
  const { tmp, source, streams, segmentSeconds } = options;
  const dir = join(tmp, 'mediamtx');
  await mkdir(dir);
  const [srtPort, hlsPort] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
  const config = join(tmp, 'mediamtx.yml');
  await writeFile(config, configuration({ srtPort, hlsPort, dir, segmentSeconds }));
  const server = startChild(program, [config]);
  await waitFor('MediaMTX to listen', () => server.text.some(line => /\[SRT\] .*listener/.test(line)));
  const senders = Array.from({ length: streams }, (_, i) =>
    sendSource(source, `srt://127.0.0.1:${srtPort}?streamid=publish:bench-${i}&pkt_size=1316`),
  );
  try {
    await sleep(options.warmSeconds * 1000);
    return await processLoad(server.pid, options.seconds);
  } finally {
    for (const sender of senders) sender.kill('SIGKILL');
    await Promise.all(senders.map(sender => sender.exited));
    await server.stop();
  }
}

function configuration(options: { srtPort: number; hlsPort: number; dir: string; segmentSeconds: number }): string {
  const off = ['rtsp', 'rtmp', 'webrtc', 'moq', 'api', 'metrics', 'pprof', 'playback'].map(name => `${name}: no`);
  return [
    ...off,
    `srt: yes\nsrtAddress: 127.0.0.1:${options.srtPort}`,
    `hls: yes\nhlsAddress: 127.0.0.1:${options.hlsPort}\nhlsAlwaysRemux: yes\nhlsVariant: mpegts`,
    `hlsSegmentDuration: ${options.segmentSeconds}s\nhlsSegmentCount: 6\nhlsDirectory: ${options.dir}`,
    'paths:\n  all_others:\n',
  ].join('\n');
}
