import { expect, test } from 'vitest';
import { PublishMeter } from './publishMeter.ts';

const segment = (number: number, rendition = 0) => ({ rendition, number, bytes: 250_000, durationSeconds: 2 });

test('a closed segment waits until it is stored or given up', () => {
  const meter = new PublishMeter();
  meter.closed(segment(1), 1_000);
  meter.closed(segment(1, 1), 1_100);
  meter.closed(segment(2), 3_000);
  expect(meter.read(4_000)).toMatchObject({ backlog: 3, backlogMs: 3_000 });
  meter.settled(segment(1));
  meter.settled(segment(1, 1));
  expect(meter.read(4_500)).toMatchObject({ backlog: 1, backlogMs: 1_500 });
  meter.settled(segment(2));
  meter.settled(segment(7));
  expect(meter.read(5_000)).toMatchObject({ backlog: 0, backlogMs: 0 });
});

test('counts are those since the reading before; the bit rate is that of the last segment', () => {
  const meter = new PublishMeter();
  meter.closed(segment(1, 1), 0);
  meter.listed(300);
  meter.listed(900);
  meter.listed(400);
  meter.putFailed();
  meter.putFailed();
  meter.gapListed();
  expect(meter.read(10)).toMatchObject({ lagMs: 900, retries: 2, gaps: 1, renditionKbps: [0, 1_000] });
  expect(meter.read(20)).toMatchObject({ lagMs: -1, retries: 0, gaps: 0, renditionKbps: [0, 1_000] });
});

test('what is remembered of a store that is away for hours is bounded', () => {
  const meter = new PublishMeter();
  for (let i = 0; i < 5_000; i += 1) meter.closed(segment(i), i);
  expect(meter.read(5_000)).toMatchObject({ backlog: 1_000, backlogMs: 5_000 });
});
