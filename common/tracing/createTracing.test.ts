import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Collector, startCollector } from '../testing/collector.ts';
import { createTracing } from './createTracing.ts';
import { readTraceparent } from './traceparent.ts';

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.close());

const telemetry = { service: 'test', instance: 't1', version: '1', environment: 'test' };
const tracing = () => {
  const made = createTracing({ ...telemetry, otlp: { endpoint: collector.endpoint, insecure: true } });
  if (!made) throw new Error('not traced');
  return made;
};

test('without a collector nothing is made', () => {
  expect(createTracing(telemetry)).toBeUndefined();
});

test('a span goes on in another process by its traceparent; the last ones are sent at the end', async () => {
  const [api, worker] = [tracing(), tracing()];
  const request = api.start('POST', { kind: 'server' });
  await api.within(request, async () => {
    await Promise.resolve();
    expect(api.active()).toBe(request.traceparent);
  });
  expect(api.active()).toBeUndefined();
  worker.start('segment', { parent: request.traceparent, at: Date.now() - 500 }).end({ error: 'it is a gap' });
  worker.start('later', { link: request.traceparent }).end();
  request.end({ name: 'POST /v1/streams' });
  await Promise.all([api.stop(), worker.stop()]);
  const [post, segment, later] = ['POST /v1/streams', 'segment', 'later'].map(name => collector.span(name));
  expect(segment).toMatchObject({ traceId: post?.traceId, parentSpanId: post?.spanId, status: { code: 2 } });
  expect(Number(segment?.endTimeUnixNano) - Number(segment?.startTimeUnixNano)).toBeGreaterThan(4e8);
  expect(later?.traceId).not.toBe(post?.traceId);
  expect(later?.links).toEqual([expect.objectContaining({ traceId: post?.traceId })]);
});

test.each([
  '',
  'x',
  '00-0-0-01',
  `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`,
  `00-${'1'.repeat(32)}-${'0'.repeat(16)}-01`,
])('what is no traceparent begins a trace: %j', text => expect(readTraceparent(text)).toBeUndefined());

test('a caller that does not sample is followed in that', async () => {
  const own = tracing();
  own.start('unsampled', { parent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-00` }).end();
  await own.stop();
  expect(collector.span('unsampled')).toBeUndefined();
});

test('a collector that is away does not hold the end', async () => {
  const away = createTracing({ ...telemetry, otlp: { endpoint: '127.0.0.1:9', insecure: true } });
  away?.start('lost').end();
  const begun = performance.now();
  await away?.stop();
  expect(performance.now() - begun).toBeLessThan(5_000);
});
