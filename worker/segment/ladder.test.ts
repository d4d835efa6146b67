import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { makeTs, type TsOptions } from '../transcode/testing/makeTs.ts';
import { CutPlan } from './cutPlan.ts';
import { Segmenter } from './segmenter.ts';
import { Collector } from './testing/collectSegments.ts';
import { lossy } from './testing/damage.ts';
import { frameHashes } from './testing/frameHashes.ts';

const x264 = (...args: string[]) => ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', ...args];
const closedGop = x264('-bf', '2', '-sc_threshold', '0');
const nearWrap = ['-output_ts_offset', `${2 ** 33 / 90_000 - 2}`];
const sparse = ['-vf', "select='gt(random(1),0.35)+not(mod(n,30))'", '-fps_mode', 'vfr'];

/** One FFmpeg: the source's own picture as the top rung, one encoded with its key frames, as ladder-source does it. */
async function ladder(source: Buffer, hasAudio: boolean): Promise<[top: Buffer, low: Buffer]> {
  const audio = hasAudio ? ['-map', '0:a:0', '-c:a', 'copy'] : [];
  const muxer = ['-avoid_negative_ts', 'disabled', '-pes_payload_size', '0', '-f', 'mpegts'];
  const keys = ['-force_key_frames', 'source', '-fps_mode', 'passthrough', '-enc_time_base', '-1', '-g', '1000'];
  const low = [...x264('-preset', 'ultrafast', '-tune', 'zerolatency', '-sc_threshold', '0'), '-s', '80x46', ...keys];
  const rungs = [
    ...['-map', '0:v:0', ...audio, '-c:v', 'copy', ...muxer, 'pipe:1'],
    ...['-map', '0:v:0', ...audio, ...low, ...muxer, 'pipe:3'],
  ];
  const args = ['-nostdin', '-v', 'fatal', '-analyzeduration', '3000000', '-f', 'mpegts', '-i', 'pipe:0', ...rungs];
  const { stdio } = await execa('ffmpeg', args, {
    input: source,
    encoding: 'buffer',
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  return [Buffer.from(stdio[1] as Uint8Array), Buffer.from(stdio[3] as Uint8Array)];
}

/** Cuts both at once; the rungs' chunks arrive in turns of uneven size, one far ahead of the other. */
function cutTogether(rungs: readonly Buffer[], chunks: readonly number[]) {
  const plan = new CutPlan({ firstNumber: 0, targetSeconds: 2, firstSeconds: 1, rungs: rungs.length });
  const all = rungs.map((ts, i) => {
    const sink = new Collector();
    return { ts, sink, chunk: chunks[i] ?? 1_316, at: 0, segmenter: new Segmenter({ cuts: plan.rung(), sink }) };
  });
  while (all.some(rung => rung.at < rung.ts.length)) {
    for (const rung of all) {
      rung.segmenter.push(rung.ts.subarray(rung.at, rung.at + rung.chunk));
      rung.at += rung.chunk;
    }
  }
  for (const rung of all) rung.segmenter.end();
  return all.map(({ sink }) => sink.closed);
}

const samples: [name: string, options: TsOptions, damage?: (ts: Buffer) => Buffer][] = [
  ['as OBS sends it', { gop: 60, video: closedGop }],
  ['25 frames a second', { fps: '25', gop: 25, video: closedGop }],
  ['29.97', { fps: '30000/1001', gop: 30, video: closedGop }],
  ['50', { fps: '50', gop: 50, video: closedGop }],
  ['59.94', { fps: '60000/1001', gop: 60, video: closedGop }],
  ['60', { fps: '60', gop: 60, video: closedGop }],
  ['a varying frame rate', { video: [...x264('-bf', '0', '-force_key_frames', 'expr:gte(t,n_forced)'), ...sparse] }],
  ['across the wrap', { video: closedGop, muxer: nearWrap }],
  ['without audio', { audio: 'none', video: closedGop }],
  ['audio 2 s late', { audioDelay: 2, video: closedGop }],
  ['1 % of the packets lost', { gop: 30, video: closedGop }, ts => lossy(ts, 0.01, 7)],
];

describe('two rungs of one FFmpeg, the top one copied', () => {
  test.each(samples)('%s: a number is the same media time in both, to the frame', async (_, options, damage) => {
    const made = await makeTs({ seconds: 8, ...options });
    const rungs = await ladder(damage?.(made) ?? made, options.audio !== 'none');
    const [top = [], low = []] = cutTogether(rungs, [1_316, 1_316]);
    expect(top.length).toBeGreaterThan(2);
    const timesOf = (segments: typeof top) => segments.map(({ number, startTicks }) => [number, startTicks]);
    expect(timesOf(low)).toEqual(timesOf(top));
    expect([...top, ...low].every(({ startsWithKey }) => startsWithKey)).toBe(true);
    // However far one rung is ahead of the other, the cuts are the same.
    for (const chunks of [
      [65_536, 500],
      [500, 10_000_000],
    ]) {
      expect(cutTogether(rungs, chunks)).toEqual([top, low]);
    }
    if (damage !== undefined) return;
    expect(low.map(({ frames }) => frames.length)).toEqual(top.map(({ frames }) => frames.length));
    expect(low.map(({ seconds }) => seconds)).toEqual(top.map(({ seconds }) => seconds));
    for (const [i, { data, audio }] of top.entries()) {
      if (audio === undefined) continue;
      const [upper, lower] = [await frameHashes(data, 'copy'), await frameHashes(low[i]?.data ?? data, 'copy')];
      expect(lower.audio).toEqual(upper.audio);
    }
  });
});
