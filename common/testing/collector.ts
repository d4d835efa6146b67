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
  /** The first one of that name. */
  span(name: string): CollectedSpan | undefined;
  close(): Promise<void>;
}

interface TraceRequest {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] };
    scopeSpans: { spans: Omit<CollectedSpan, 'service'>[] }[];
  }[];
}

/** A small OpenTelemetry collector: takes spans over OTLP/HTTP (JSON), and keeps them. For tests. */
export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as TraceRequest;
    if (request.url === '/v1/traces') {
      for (const { resource, scopeSpans } of body.resourceSpans) {
        const name = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
        spans.push(...scopeSpans.flatMap(scope => scope.spans.map(span => ({ ...span, service: name }))));
      }
    }
    response.setHeader('content-type', 'application/json').end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    span: name => spans.find(span => span.name === name),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
