import type { Meter } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider, type MetricProducer, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { MetricSnapshot } from './metricSnapshot.ts';
import { observeProcess } from './observeProcess.ts';
import { takeSnapshot } from './takeSnapshot.ts';
import { otlpUrl, type Telemetry, telemetryResource } from './telemetry.ts';

export interface Metrics {
  meter: Meter;
  /** All metrics in Prometheus's text format. */
  prometheus(): Promise<string>;
  /** The same as data, for another process to show. */
  snapshot(): Promise<MetricSnapshot>;
  /** Sends what is left over OTLP, for at most 3 s, and stops. */
  stop(): Promise<void>;
}

/**
 * The process's metrics: always readable as Prometheus text, and sent over OTLP/HTTP every 10 s when `telemetry.otlp` is given.
 * @param producers other processes' metrics, which are in the text only: each process sends its own over OTLP
 */
export function createMetrics(telemetry: Telemetry, producers: MetricProducer[] = []): Metrics {
  const reader = new PrometheusExporter({ preventServerStart: true, metricProducers: producers });
  const readers = [reader, ...(telemetry.otlp ? [otlpReader(otlpUrl(telemetry.otlp, 'metrics'))] : [])];
  const provider = new MeterProvider({ resource: telemetryResource(telemetry), readers });
  const meter = provider.getMeter('livetran');
  observeProcess(meter);
  // Without the scope's labels: every metric would have the same.
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
  return {
    meter,
    prometheus: async () => serializer.serialize((await reader.collect()).resourceMetrics),
    snapshot: async () => takeSnapshot((await reader.collect()).resourceMetrics.scopeMetrics),
    // The last export is best effort: a collector that is away must not make a process end badly.
    stop: () => provider.shutdown({ timeoutMillis: 3_000 }).catch(() => undefined),
  };
}

const otlpReader = (url: string): PeriodicExportingMetricReader =>
  new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter({ url }), exportIntervalMillis: 10_000 });
