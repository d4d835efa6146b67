import { describe, expect, test } from 'vitest';
import { patSection, pmtSection, sectionPackets } from '../../transcode/testing/sections.ts';
import { eachPacket } from './eachPacket.ts';
import { TsInspector } from './tsInspector.ts';

const video = { type: 27, pid: 256 };
const audio = { type: 15, pid: 257 };

function streamsOf(...packets: Buffer[]) {
  const inspector = new TsInspector();
  for (const packet of eachPacket(Buffer.concat(packets))) inspector.push(packet, 0);
  return inspector.streams?.map(({ pid }) => pid);
}

/** PSI of 250 programs with 190 streams each, again and again. `version`: of each round's tables. */
function storm(version: (round: number) => number): Buffer {
  const programs = Array.from({ length: 250 }, (_, i) => 100 + i);
  const streams = Array.from({ length: 190 }, (_, i) => ({ type: i === 189 ? 27 : 15, pid: 1_000 + i }));
  const rounds = Array.from({ length: 4 }, (_, round) => [
    sectionPackets(0, patSection(programs, version(round))),
    ...programs.map((pid, i) => sectionPackets(pid, pmtSection(i + 1, streams, version(round)))),
  ]);
  return Buffer.concat(rounds.flat());
}

/** A stream's usual tables, one PAT and one PMT for each 18 packets of media. */
function usual(): Buffer {
  const media = Buffer.alloc(18 * 188);
  for (const packet of eachPacket(media)) packet.set([0x47, 1, 0, 0x10]);
  const round = [sectionPackets(0, patSection([4_096])), sectionPackets(4_096, pmtSection(1, [video, audio])), media];
  return Buffer.concat(Array.from({ length: 300 }, () => round).flat());
}

/** µs a packet. */
function cost(ts: Buffer): number {
  const inspector = new TsInspector();
  const began = performance.now();
  for (const packet of eachPacket(ts)) inspector.push(packet, 0);
  return ((performance.now() - began) * 1000) / (ts.length / 188);
}

/** The best round of each, taken in turn: compiling and a busy machine disturb both alike. */
function ratio(ts: Buffer, other: Buffer): number {
  const rounds = Array.from({ length: 15 }, () => [cost(ts), cost(other)] as const);
  return Math.min(...rounds.map(([of]) => of)) / Math.min(...rounds.map(([, than]) => than));
}

describe('TsProgram', () => {
  test('reads 32 programs and 64 streams of each, and ignores the rest', () => {
    const programs = Array.from({ length: 40 }, (_, i) => 100 + i);
    const many = Array.from({ length: 100 }, (_, i) => ({ type: 15, pid: 1_000 + i }));
    const pat = sectionPackets(0, patSection(programs));
    expect(streamsOf(pat, sectionPackets(100, pmtSection(1, many)))).toHaveLength(64);
    expect(streamsOf(pat, sectionPackets(131, pmtSection(32, [video])))).toEqual([256]);
    expect(streamsOf(pat, sectionPackets(132, pmtSection(33, [video])))).toBeUndefined();
  });

  test('a section that is longer than any, or spread over too many packets, is ignored and delays no other', () => {
    const pat = sectionPackets(0, patSection([100]));
    const long = sectionPackets(100, Buffer.concat([Buffer.from([2, 0xbf, 0xff]), Buffer.alloc(4_095)]));
    const pieces = pmtSection(1, [audio]);
    const spread = Buffer.concat(
      [...pieces].map((byte, i) => {
        const packet = Buffer.alloc(188, 0xff);
        // All stuffing but the last byte, and the pointer field at the start.
        packet.set([0x47, i === 0 ? 0x40 : 0, 100, 0x30, i === 0 ? 181 : 182, 0]);
        packet.set(i === 0 ? [0, byte] : [byte], i === 0 ? 186 : 187);
        return packet;
      }),
    );
    const good = sectionPackets(100, pmtSection(1, [video]));
    expect(streamsOf(pat, long, spread)).toBeUndefined();
    expect(streamsOf(pat, long, good)).toEqual([256]);
    expect(streamsOf(pat, spread, good)).toEqual([256]);
  });

  test('other tables on the PID of a PMT change nothing', () => {
    const pat = sectionPackets(0, patSection([100]));
    const pmt = sectionPackets(100, pmtSection(1, [video]));
    const other = sectionPackets(100, patSection([7]));
    expect(streamsOf(pat, pmt, other, pmt, other)).toEqual([256]);
  });

  test.each([
    ['stay the same', () => 0],
    ['change each time', (round: number) => round],
  ])('250 programs with 190 streams cost little more a packet than usual tables when they %s', (_, version) => {
    // Measured 1.2 and 2; with whole tables read each time 49 and 167.
    expect(ratio(storm(version), usual())).toBeLessThan(20);
  });
});
