import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { eachLine } from './eachLine.ts';
import { type FfmpegReport, readProgress } from './ffmpegProgress.ts';

test('lines end with \\r or \\n, come in any pieces, and a last one needs no end', () => {
  const stream = new PassThrough();
  const lines: string[] = [];
  eachLine(stream, line => lines.push(line));
  const ended = new Promise(resolve => stream.on('end', resolve));
  for (const piece of ['fra', 'me=1\rfra', 'me=2\r\n\n', `${'x'.repeat(9_000)}\nla`, 'st']) stream.write(piece);
  stream.end();
  return ended.then(() => expect(lines).toEqual(['frame=1', 'frame=2', 'x'.repeat(4_096), 'last']));
});

test('a block of -progress is one report; N/A, which the first block has, counts as nothing', () => {
  const reports: FfmpegReport[] = [];
  const read = readProgress(report => reports.push(report));
  const block = (frame: number, time: string) => [
    `frame=${frame}`,
    'fps=0.00',
    `out_time_us=${time}`,
    'dup_frames=2',
    'drop_frames=1',
    'speed=N/A',
    'progress=continue',
  ];
  for (const line of [...block(0, 'N/A'), ...block(45, '1500000')]) read(line);
  expect(reports).toEqual([
    { frames: 0, seconds: 0, duplicated: 2, dropped: 1 },
    { frames: 45, seconds: 1.5, duplicated: 2, dropped: 1 },
  ]);
});
