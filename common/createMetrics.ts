import type { Meter } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';

export interface Metrics {
  meter: Meter;
  /** All metrics in Prometheus's text format. */
  prometheus(): Promise<string>;
  /** Sends what is left over OTLP, for at most 3 s, and stops. */
  stop(): Promise<void>;
}

/**
 * The process's metrics: always readable as Prometheus text, and sent over OTLP/HTTP every 10 s when `otlp` is given.
 * @param otlp.endpoint the collector's base URL or host:port; `/v1/metrics` is added to it
 */
export function createMetrics(options: {
  service: string;
  version: string;
  environment: string;
  otlp?: { endpoint: string; insecure: boolean };
}): Metrics {
  const prometheus = new PrometheusExporter({ preventServerStart: true });
  const readers = [prometheus, ...(options.otlp ? [otlpReader(options.otlp)] : [])];
  const provider = new MeterProvider({
    resource: resourceFromAttributes({
      'service.name': options.service,
      'service.version': options.version,
      'deployment.environment.name': options.environment,
    }),
    readers,
  });
  const serializer = new PrometheusSerializer();
  return {
    meter: provider.getMeter('livetran'),
    prometheus: async () => serializer.serialize((await prometheus.collect()).resourceMetrics),
    // The last export is best effort: a collector that is away must not make a process end badly.
    stop: () => provider.shutdown({ timeoutMillis: 3_000 }).catch(() => undefined),
  };
}

function otlpReader(otlp: { endpoint: string; insecure: boolean }): PeriodicExportingMetricReader {
  const base = /^https?:/.test(otlp.endpoint)
    ? otlp.endpoint
    : `${otlp.insecure ? 'http' : 'https'}://${otlp.endpoint}`;
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url: `${base.replace(/\/+$/, '')}/v1/metrics` }),
    exportIntervalMillis: 10_000,
  });
}
