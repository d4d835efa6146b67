import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CutPlan } from '../../worker/segment/cutPlan.ts';
import type { SegmentSink } from '../../worker/segment/segment.ts';
import { Segmenter } from '../../worker/segment/segmenter.ts';
import { SegmentFiles } from '../../worker/segment/segmentFiles.ts';
import { packetBytes } from '../../worker/segment/ts/tsPackets.ts';
import { median } from './quantile.ts';
import { makeSource } from './source.ts';

const chunkSizes = [1_316, 65_536];
const nothing = (): undefined => undefined;

/** CPU of cutting a 720p stream of 6 Mb/s into segments of 4 s, by the size of the chunks that it comes in. */
export async function segmentBench(runs: number): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'segment-bench-'));
  try {
    const { file } = await makeSource(dir, { size: '1280x720', seconds: 30, kbps: 6_000 });
    const ts = await readFile(file);
    console.log(`\nSegmenter, ${(ts.length / 1e6).toFixed(1)} MB, median of ${runs} (CPU ms/MB, ns/packet)`);
    const ways: [string, () => SegmentFiles | undefined][] = [
      ['without files', nothing],
      ['with files', () => files(dir)],
    ];
    for (const chunk of chunkSizes) {
      for (const [name, begin] of ways)
        await measure(`${name}, chunks of ${chunk}`, runs, ts, () => segmentAll(ts, chunk, begin()));
    }
    await measure('copying the bytes alone', runs, ts, async () => copyAll(ts));
    await measure('writing the bytes alone, 131 kB a write', runs, ts, () => writeAll(ts, join(dir, 'alone.ts')));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function measure(label: string, runs: number, ts: Buffer, work: () => Promise<void>): Promise<void> {
  const found: number[] = [];
  // The first two runs warm the compiler up.
  for (let run = -2; run < runs; run += 1) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    if (run >= 0) found.push((user + system) / 1_000);
  }
  const ms = median(found);
  const perPacket = (ms * 1e6) / (ts.length / packetBytes);
  console.log(`  ${label.padEnd(40)} ${(ms / (ts.length / 1e6)).toFixed(2)} ms/MB  ${perPacket.toFixed(0)} ns/packet`);
}

async function segmentAll(ts: Buffer, chunk: number, writer: SegmentFiles | undefined): Promise<void> {
  const cuts = new CutPlan({ firstNumber: 0, targetSeconds: 4 }).rung();
  const sink: SegmentSink = writer ?? { onOpen: nothing, onBytes: nothing, onClose: nothing };
  const segmenter = new Segmenter({ cuts, sink });
  for (let at = 0; at < ts.length; at += chunk) {
    segmenter.push(ts.subarray(at, at + chunk));
    if (writer?.room !== undefined) await writer.room;
  }
  segmenter.end();
  await writer?.settled();
}

function copyAll(ts: Buffer): void {
  for (let at = 0; at < ts.length; at += 65_536) Buffer.from(ts.subarray(at, at + 65_536));
}

async function writeAll(ts: Buffer, path: string): Promise<void> {
  const handle = await open(path, 'w');
  for (let at = 0; at < ts.length; at += 131_036) await handle.write(ts.subarray(at, at + 131_036));
  await handle.close();
}

function files(dir: string): SegmentFiles {
  return new SegmentFiles({
    dir,
    nameOf: number => `bench_${number}.ts`,
    onClosed: nothing,
    onFault: fault => {
      throw fault;
    },
  });
}
