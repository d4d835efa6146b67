import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Collector, startCollector } from '../../common/testing/collector.ts';
import { createTracing, type Tracing } from '../../common/tracing/createTracing.ts';
import type { ClosedSegment } from '../publish/spool/closedSegment.ts';
import { SegmentTraces } from './segmentTraces.ts';

let collector: Collector;
let tracing: Tracing;

beforeAll(async () => {
  collector = await startCollector();
  const otlp = { endpoint: collector.endpoint, insecure: true };
  const made = createTracing({ service: 'test', instance: 't', version: '1', environment: 'test', otlp });
  if (!made) throw new Error('not traced');
  tracing = made;
});
afterAll(() => collector.close());

const segment = (number: number, rendition = 0): ClosedSegment => ({
  ...{ rendition, number, file: `show_${rendition}_${number}.ts`, bytes: 1_000, durationSeconds: 4, keySeconds: 2 },
  ...{ closedAt: Date.now(), discontinuity: false, info: { video: undefined, audio: undefined } },
});

test('the first segment of each rendition after each connection is in the trace of the start; of the others one in 15 is in its own', async () => {
  const start = tracing.start('start');
  const traces = new SegmentTraces(tracing, { streamId: 'show', run: 'r1' }, start.traceparent);
  const traced: string[] = [];
  const pass = (each: ClosedSegment): void => {
    traces.closed(each);
    if (traces.uploadOf(each.file) !== undefined) traced.push(each.file);
    traces.settled(each);
    traces.listed(each.file);
    expect(traces.uploadOf(each.file)).toBeUndefined();
  };
  traces.encoderConnected();
  pass(segment(0, 0));
  pass(segment(0, 1));
  for (let number = 1; number < 30; number += 1) pass(segment(number));
  traces.encoderConnected();
  pass(segment(30));
  expect(traced).toEqual(['show_0_0.ts', 'show_1_0.ts', 'show_0_13.ts', 'show_0_28.ts', 'show_0_30.ts']);

  const lost = segment(31, 1);
  traces.closed(lost);
  traces.gapListed(lost.file);
  start.end();
  await tracing.stop();
  const [startSpan] = collector.spans.filter(({ name }) => name === 'start');
  const segments = collector.spans.filter(({ name }) => name === 'segment');
  const inTrace = segments.map(({ traceId }) => traceId === startSpan?.traceId);
  expect(inTrace).toEqual([true, true, false, false, true, true]);
  for (const { traceId, links } of segments)
    expect(links.map(link => link.traceId)).toEqual(traceId === startSpan?.traceId ? [] : [startSpan?.traceId]);
  // The last one is a gap, and says so.
  expect(segments.map(({ status }) => status.code)).toEqual([0, 0, 0, 0, 0, 2]);
  for (const name of ['upload', 'playlist'])
    expect(collector.spans.filter(span => span.name === name).length, name).toBe(name === 'upload' ? 6 : 5);
});
