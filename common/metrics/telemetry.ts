import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import pack from '../../package.json' with { type: 'json' };
import type { Variables } from '../config/variables.ts';

/** What a process says of itself with its metrics and spans, and where they go. */
export interface Telemetry {
  service: string;
  /** This process among those of the service. */
  instance: string;
  version: string;
  environment: string;
  /** Undefined: nothing is sent. */
  otlp?: Otlp;
}

/** @param endpoint the collector's base URL or host:port; `/v1/<signal>` is added to it */
interface Otlp {
  endpoint: string;
  insecure: boolean;
}

type Settings = Pick<
  Variables,
  'ENABLE_METRICS' | 'ENV' | 'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_EXPORTER_OTLP_INSECURE' | 'SERVICE_VERSION'
>;

/** @param enabled whether this signal is sent: ENABLE_METRICS or ENABLE_TRACES */
export function telemetryOf(
  config: Settings,
  { service, instance, enabled }: { service: string; instance: string; enabled: boolean },
): Telemetry {
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT ?? 'http://localhost:4318';
  return {
    ...{ service, instance, version: config.SERVICE_VERSION ?? pack.version, environment: config.ENV },
    ...(enabled && { otlp: { endpoint, insecure: config.OTEL_EXPORTER_OTLP_INSECURE } }),
  };
}

/** By OpenTelemetry's semantic conventions. */
export const telemetryResource = ({ service, instance, version, environment }: Telemetry): Resource =>
  resourceFromAttributes({
    'service.name': service,
    'service.instance.id': instance,
    'service.version': version,
    'deployment.environment.name': environment,
  });

/** Where a signal goes (OTLP/HTTP). */
export function otlpUrl({ endpoint, insecure }: Otlp, signal: 'metrics' | 'traces'): string {
  const base = /^https?:/.test(endpoint) ? endpoint : `${insecure ? 'http' : 'https'}://${endpoint}`;
  return `${base.replace(/\/+$/, '')}/v1/${signal}`;
}
