import { beforeAll, describe, expect, test } from 'vitest';
import { makeTs, videoPid } from '../transcode/testing/makeTs.ts';
import { withCrc } from '../transcode/testing/sections.ts';
import { CutPlan } from './cutPlan.ts';
import { Segmenter } from './segmenter.ts';
import { Collector, collectSegments } from './testing/collectSegments.ts';
import { frameHashes } from './testing/frameHashes.ts';
import { eachPacket } from './ts/eachPacket.ts';
import { packetBytes } from './ts/tsPackets.ts';

const pmtPid = 4_096;
const pidOf = (packet: Buffer) => packet.readUInt16BE(1) & 0x1fff;

let ts: Buffer;
beforeAll(async () => {
  ts = await makeTs({ seconds: 4 });
});

/** The PMT's section with a descriptor of private data in front of its streams, so long that it needs two packets. */
function longPmt(section: Buffer): Buffer {
  const descriptor = Buffer.concat([Buffer.from([0x80, 200]), Buffer.alloc(200, 0x55)]);
  const head = Buffer.from(section.subarray(0, 12));
  head.writeUInt16BE(0xb000 | (section.length - 3 + descriptor.length), 1);
  head.writeUInt16BE(0xf000 | descriptor.length, 10);
  return withCrc([...head, ...descriptor, ...section.subarray(12, -4)]);
}

/** The transport stream with each PMT packet replaced by two. */
function withLongPmt(source: Buffer): Buffer {
  let counter = 0;
  const packets = [...eachPacket(source)].flatMap(packet => {
    if (pidOf(packet) !== pmtPid) return [packet];
    const length = 3 + (packet.readUInt16BE(6) & 0xfff);
    const section = longPmt(packet.subarray(5, 5 + length));
    return [section.subarray(0, 183), section.subarray(183)].map((part, i) => {
      const made = Buffer.alloc(packetBytes, 0xff);
      made.writeUInt32BE(0x47000010 | (i === 0 ? 0x400000 : 0) | (pmtPid << 8) | (counter++ & 0xf));
      if (i === 0) made[4] = 0;
      part.copy(made, i === 0 ? 5 : 4);
      return made;
    });
  });
  return Buffer.concat(packets);
}

describe('Segmenter, tables', () => {
  test('a PMT of two packets is read and written whole', async () => {
    const { segments } = collectSegments(withLongPmt(ts));
    expect(segments).toHaveLength(2);
    for (const { data } of segments) {
      expect([...eachPacket(data)].slice(0, 4).map(pidOf)).toEqual([0, pmtPid, pmtPid, videoPid]);
      expect((await frameHashes(data, 'decode')).warnings).toBe('');
    }
  });

  test('other programs and null packets are left out: a segment has one program', async () => {
    const two = await makeTs({ seconds: 4, muxer: ['-program', 'st=1', '-program', 'st=0'] });
    const nulls = Buffer.alloc(packetBytes, 0xff);
    nulls.writeUInt32BE(0x471fff10);
    const { segments } = collectSegments(Buffer.concat([...eachPacket(two)].flatMap(packet => [packet, nulls])));
    const pids = new Set(segments.flatMap(({ data }) => [...eachPacket(data)].map(pidOf)));
    expect(pids.has(0x1fff)).toBe(false);
    expect(pids.size).toBe(3);
    for (const { data } of segments) expect((await frameHashes(data, 'decode')).warnings).toBe('');
  });

  test('from onFrame, a part can be made to begin with tables: each part decodes from its first key frame on', async () => {
    const parts: number[] = [];
    const sink = new Collector();
    const onFrame = sink.onFrame.bind(sink);
    sink.onFrame = (segment, frame) => {
      onFrame(segment, frame);
      if (segment.number !== 0 || segment.frames.length % 10 !== 1 || segment.frames.length === 1) return;
      parts.push(frame.at);
      segmenter.writeTables();
    };
    const cuts = new CutPlan({ firstNumber: 0, targetSeconds: 2 }).rung();
    const segmenter = new Segmenter({ cuts, sink });
    segmenter.push(ts);
    segmenter.end();
    const [first] = sink.closed;
    expect(parts).toHaveLength(5);
    for (const at of parts)
      expect([...eachPacket(first?.data.subarray(at, at + 3 * packetBytes) ?? ts)].map(pidOf)).toEqual([
        0,
        pmtPid,
        videoPid,
      ]);
    expect(first?.frames.length).toBe(60);
    const { video, warnings } = await frameHashes(first?.data ?? ts, 'decode');
    expect(video).toHaveLength(60);
    expect(warnings).toBe('');
  });
});
