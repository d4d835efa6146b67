import { AsyncLocalStorage } from 'node:async_hooks';
import { type Attributes, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { otlpUrl, type Telemetry, telemetryResource } from '../metrics/telemetry.ts';
import { withDeadline } from '../withDeadline.ts';
import { readTraceparent, writeTraceparent } from './traceparent.ts';

export interface Span {
  /** For what follows from it, in this process or another one (W3C Trace Context). */
  readonly traceparent: string;
  end(result?: { name?: string; attributes?: Attributes; error?: string; at?: number }): void;
}

export interface SpanOptions {
  /** The traceparent of what it follows from; undefined: it begins a trace. */
  parent?: string | undefined;
  /** The traceparent of a span that it belongs to without following from it. */
  link?: string | undefined;
  kind?: 'server' | 'client' | 'producer' | 'consumer' | 'internal';
  attributes?: Attributes;
  /** When it began, ms since 1970. Default: now. */
  at?: number;
}

export interface Tracing {
  start(name: string, options?: SpanOptions): Span;
  /** Calls `work`; what it starts, and what that waits for, finds the span with active(). */
  within<Result>(span: Span, work: () => Result): Result;
  /** The traceparent of the span that this is called within. */
  active(): string | undefined;
  /** Sends what is left, for at most 3 s, and stops. */
  stop(): Promise<void>;
}

const kinds = {
  ...{ server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL },
  ...{ producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER },
};
const STOP_MS = 3_000;

/** The process's traces, over OTLP/HTTP. Undefined without `telemetry.otlp`: then there is nothing that could cost anything. */
export function createTracing(telemetry: Telemetry): Tracing | undefined {
  if (!telemetry.otlp) return undefined;
  const exporter = new OTLPTraceExporter({ url: otlpUrl(telemetry.otlp, 'traces') });
  const provider = new TracerProvider({
    resource: telemetryResource(telemetry),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 2_000, exportTimeoutMillis: STOP_MS })],
  });
  const tracer = provider.getTracer('livetran');
  const active = new AsyncLocalStorage<string>();
  return {
    start: (name, { parent, link, kind = 'internal', attributes = {}, at } = {}) => {
      const from = readTraceparent(parent);
      const linked = readTraceparent(link);
      const span = tracer.startSpan(
        name,
        {
          ...{ kind: kinds[kind], attributes, links: linked ? [{ context: linked }] : [] },
          ...(at !== undefined && { startTime: at }),
        },
        from ? trace.setSpanContext(ROOT_CONTEXT, from) : ROOT_CONTEXT,
      );
      return {
        traceparent: writeTraceparent(span.spanContext()),
        end: ({ name: better, attributes: more, error, at: endTime } = {}) => {
          if (better !== undefined) span.updateName(better);
          if (more) span.setAttributes(more);
          if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
          span.end(endTime);
        },
      };
    },
    within: (span, work) => active.run(span.traceparent, work),
    active: () => active.getStore(),
    // The last export is best effort: a collector that is away must not make a process end badly.
    stop: () =>
      withDeadline(
        provider.shutdown().catch(() => undefined),
        STOP_MS,
        () => undefined,
      ),
  };
}
