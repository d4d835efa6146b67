import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface CollectedSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Record<string, unknown> }[];
  links: { traceId: string }[];
  status: { code?: number };
  /** `service.name` of the process that sent it. */
  service: string;
}

export interface Collector {
  /** `127.0.0.1:<port>`, for OTEL_EXPORTER_OTLP_ENDPOINT with OTEL_EXPORTER_OTLP_INSECURE. */
  readonly endpoint: string;
  readonly spans: CollectedSpan[];
  /** Names of the metrics that came, by `service.name`. */
  readonly metrics: Map<string, Set<string>>;
  /** The first one of that name. */
  span(name: string): CollectedSpan | undefined;
  close(): Promise<void>;
}

interface Resource {
  attributes: { key: string; value: { stringValue?: string } }[];
}
interface TraceRequest {
  resourceSpans: { resource: Resource; scopeSpans: { spans: Omit<CollectedSpan, 'service'>[] }[] }[];
}
interface MetricsRequest {
  resourceMetrics: { resource: Resource; scopeMetrics: { metrics: { name: string }[] }[] }[];
}

const serviceOf = ({ attributes }: Resource): string =>
  attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';

/** A small OpenTelemetry collector: takes spans and metrics over OTLP/HTTP (JSON), and keeps what it was sent. For tests. */
export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const metrics = new Map<string, Set<string>>();
  const server = createServer(async (request, response) => {
    const body = await json(request);
    if (request.url === '/v1/traces') {
      for (const { resource, scopeSpans } of (body as TraceRequest).resourceSpans)
        for (const span of scopeSpans.flatMap(scope => scope.spans))
          spans.push({ ...span, service: serviceOf(resource) });
    }
    if (request.url === '/v1/metrics') {
      for (const { resource, scopeMetrics } of (body as MetricsRequest).resourceMetrics) {
        const names = scopeMetrics.flatMap(scope => scope.metrics.map(({ name }) => name));
        metrics.set(serviceOf(resource), new Set([...(metrics.get(serviceOf(resource)) ?? []), ...names]));
      }
    }
    response.setHeader('content-type', 'application/json').end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ spans, metrics },
    span: name => spans.find(span => span.name === name),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
