import type { Histogram, Meter } from '@opentelemetry/api';

/** Time of requests (s), by route pattern, method and status. One instrument, whoever asks for it. */
export const requestDuration = (meter: Meter): Histogram =>
  meter.createHistogram('http_server_request_duration_seconds', {
    description: 'Time from a request to the end of its answer',
    unit: 's',
    advice: { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] },
  });
