import { describe, expect, test } from 'vitest';
import { withCrc } from '../../transcode/testing/sections.ts';
import { crc32Mpeg, parsePat, parsePmt } from './tsTables.ts';

const pat = (programs: [number, number][], current = true) =>
  withCrc([
    ...[0, 0xb0, 9 + 4 * programs.length, 0, 1, current ? 0xc1 : 0xc0, 0, 0],
    ...programs.flatMap(([number, pid]) => [number >> 8, number & 255, 0xe0 | (pid >> 8), pid & 255]),
  ]);

const pmt = (streams: { type: number; pid: number; descriptors?: number[] }[], programInfo: number[] = []) => {
  const entries = streams.flatMap(({ type, pid, descriptors = [] }) => [
    ...[type, 0xe0 | (pid >> 8), pid & 255, 0xf0, descriptors.length],
    ...descriptors,
  ]);
  const length = 13 + programInfo.length + entries.length;
  return withCrc([2, 0xb0, length, 0, 1, 0xc1, 0, 0, 0xe1, 0, 0xf0, programInfo.length, ...programInfo, ...entries]);
};

describe('tables', () => {
  test('CRC-32/MPEG-2 of the check string', () => {
    expect(crc32Mpeg(Buffer.from('123456789'))).toBe(0x0376e6e7);
  });

  test('a PAT names its programs, not the network', () => {
    const section = pat([
      [0, 16],
      [1, 4096],
      [2, 8190],
    ]);
    expect(parsePat(section)).toEqual([4096, 8190]);
  });

  test.each([
    ['not yet in force', pat([[1, 4096]], false)],
    ['damaged', Buffer.from(pat([[1, 4096]])).fill(7, 9, 10)],
    ['another table', withCrc([0x42, 0xb0, 9, 0, 1, 0xc1, 0, 0])],
    ['cut off', pat([[1, 4096]]).subarray(0, 6)],
  ])('a PAT that is %s says nothing', (_, section) => {
    expect(parsePat(section)).toBeUndefined();
    expect(parsePmt(section)).toBeUndefined();
  });

  test.each([
    [0x01, [], 'video', 'mpeg1video'],
    [0x02, [], 'video', 'mpeg2video'],
    [0x1b, [], 'video', 'h264'],
    [0x24, [], 'video', 'hevc'],
    [0x03, [], 'audio', 'mp2'],
    [0x04, [], 'audio', 'mp2'],
    [0x0f, [], 'audio', 'aac'],
    [0x11, [], 'audio', 'aac_latm'],
    [0x81, [], 'audio', 'ac3'],
    [0x87, [], 'audio', 'eac3'],
    [0x06, [0x6a, 1, 0], 'audio', 'ac3'],
    [0x06, [0x0a, 4, 101, 110, 103, 0, 0x7a, 1, 0], 'audio', 'eac3'],
    [0x06, [5, 4, ...Buffer.from('Opus')], 'audio', 'opus'],
    [0x06, [5, 4, ...Buffer.from('HEVC')], 'video', 'hevc'],
    [0x06, [5, 4, ...Buffer.from('KLVA')], 'other', 'type 0x06'],
    [0x06, [0x59, 200], 'other', 'type 0x06'],
    [0x86, [], 'other', 'type 0x86'],
  ])('stream type 0x%s with descriptors %j is %s %s', (type, descriptors, kind, codec) => {
    const section = pmt([{ type, pid: 300, descriptors }], [9, 1, 0]);
    expect(parsePmt(section)).toEqual([{ pid: 300, kind, codec }]);
  });
});
