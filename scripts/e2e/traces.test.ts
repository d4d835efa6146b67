import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CollectedSpan, type Collector, startCollector } from '../../common/testing/collector.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { tinySource, tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';

let collector: Collector;
let cluster: Cluster;

beforeAll(async () => {
  collector = await startCollector();
  const traced = { ENABLE_TRACES: 'on', OTEL_EXPORTER_OTLP_INSECURE: 'true' };
  cluster = await startCluster({ env: { ...tinyStreams, ...traced, OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint } });
});
afterAll(async () => {
  await cluster?.stop();
  await collector?.close();
});

test('one trace leads from the request through job, segment, upload and playlist to the webhook', async () => {
  const received: string[] = [];
  const app = createServer((request, response) => {
    received.push(String(request.headers.traceparent));
    response.end();
  }).listen(0, '127.0.0.1');
  await once(app, 'listening');
  const { client } = cluster;
  await client.start('traced', { webhook_urls: [`http://127.0.0.1:${(app.address() as AddressInfo).port}/hook`] });
  const { srt_url: srtUrl } = await client.inState('traced', 'READY');
  const encoder = startEncoder({ srtUrl: String(srtUrl), ...tinySource });
  await client.link('traced');
  const names = ['POST /start-stream', 'wait for a worker', 'first segment', 'segment', 'upload', 'PUT', 'playlist'];
  const request = await waitFor('the request', () => collector.spans.find(({ name }) => name.startsWith('POST ')));
  const of = (name: string): CollectedSpan | undefined =>
    collector.spans.find(span => span.name === name && span.traceId === request.traceId);
  for (const name of [...names.slice(1), 'webhook']) await waitFor(`the span ${name}`, () => of(name));

  expect(request.service).toBe('livetran-api');
  for (const name of names.slice(1)) expect(of(name)?.service).toBe('livetran-worker');
  expect(of('wait for a worker')?.parentSpanId).toBe(request.spanId);
  expect(of('segment')?.parentSpanId).toBe(request.spanId);
  expect(of('upload')?.parentSpanId).toBe(of('segment')?.spanId);
  expect(of('PUT')?.parentSpanId).toBe(of('upload')?.spanId);
  expect(of('playlist')?.parentSpanId).toBe(of('segment')?.spanId);
  // The app's own trace can go on from there.
  const sent = collector.spans
    .filter(({ name }) => name === 'webhook')
    .map(span => `00-${span.traceId}-${span.spanId}-01`);
  expect(received).toEqual(expect.arrayContaining(sent));

  await client.stop('traced');
  await client.inState('traced', 'STOPPED');
  await encoder.exited;
  app.close();
});
