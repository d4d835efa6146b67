import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from '../e2e/harness/childProcess.ts';
import { cpuSeconds } from './cpuSeconds.ts';
import { mediaSeconds, type RunResult } from './livetranRun.ts';
import { type Source, sendSource } from './source.ts';

const rates = ['5000k', '3000k', '1500k'];
const encode = [
  '-c:v',
  'libx264',
  '-preset',
  'veryfast',
  '-tune',
  'zerolatency',
  '-pix_fmt',
  'yuv420p',
  '-g',
  '60',
  '-sc_threshold',
  '0',
];
const sound = ['-c:a', 'aac', '-ar', '48000', '-b:a', '128k'];
const rate = (i: number, stream: string): string[] => {
  const kbps = rates[i] ?? '';
  return [
    `-b:v${stream}`,
    kbps,
    `-maxrate:v${stream}`,
    kbps,
    `-bufsize:v${stream}`,
    `${2 * Number.parseInt(kbps, 10)}k`,
  ];
};

/** The same encode by a bare FFmpeg with its own SRT listener and HLS muxer, writing into a folder. */
export async function bareRun(tmp: string, port: number, abr: boolean, source: Source): Promise<RunResult> {
  const dir = await mkdtemp(join(tmp, 'bare-'));
  const input = ['-hide_banner', '-nostdin', '-loglevel', 'error', '-i', `srt://127.0.0.1:${port}?mode=listener`];
  const hls = ['-f', 'hls', '-hls_time', '4', '-hls_list_size', '10', '-hls_flags', 'independent_segments+temp_file'];
  const single = [...encode, ...rate(0, ''), ...sound, ...hls, join(dir, 'out.m3u8')];
  const graph = '[0:v:0]split=3[v0][a][b];[a]scale=1280:720[v1];[b]scale=854:480[v2]';
  const maps = [0, 1, 2].flatMap(i => ['-map', `[v${i}]`, '-map', '0:a:0']);
  const names = ['-var_stream_map', 'v:0,a:0 v:1,a:1 v:2,a:2', join(dir, 'out_%v.m3u8')];
  const ladder = [
    '-filter_complex',
    graph,
    ...maps,
    ...encode,
    ...[0, 1, 2].flatMap(i => rate(i, `:${i}`)),
    ...sound,
    ...hls,
    ...names,
  ];
  const listener = startChild('ffmpeg', [...input, ...(abr ? ladder : single)]);
  const startedAt = Date.now();
  const sender = sendSource(source, `srt://127.0.0.1:${port}`);
  let playableAt = Number.NaN;
  let cpu = 0;
  let over = false;
  void listener.exited.then(() => {
    over = true;
  });
  const lists = abr ? ['out_0.m3u8', 'out_1.m3u8', 'out_2.m3u8'] : ['out.m3u8'];
  while (!over) {
    try {
      cpu = cpuSeconds(listener.pid);
    } catch {
      break; // it ended between two looks
    }
    if (Number.isNaN(playableAt) && lists.every(list => existsSync(join(dir, list)))) playableAt = Date.now();
    await sleep(10);
  }
  await sender.exited;
  const produced = mediaSeconds(await readFile(join(dir, lists[0] ?? ''), 'utf8'));
  await rm(dir, { recursive: true });
  return { fromStartMs: playableAt - startedAt, mediaSeconds: produced, cpu, closedToListedMs: [] };
}
