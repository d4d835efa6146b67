import type { Metrics } from '../../common/metrics/createMetrics.ts';

/**
 * The metrics as Prometheus text, collected at most once in `maxAgeMs` however many clients ask: one collection reads the
 * state of each stream from Redis.
 */
export function metricsText(metrics: Metrics, maxAgeMs: number, now: () => number = Date.now): () => Promise<string> {
  let latest: { text: Promise<string>; until: number } | undefined;
  return () => {
    if (latest && now() < latest.until) return latest.text;
    // Requests that come during a collection wait for it. Its age counts from its end.
    const text = metrics.prometheus();
    const mine = { text, until: Number.POSITIVE_INFINITY };
    latest = mine;
    text.then(
      () => {
        mine.until = now() + maxAgeMs;
      },
      () => {
        mine.until = 0;
      },
    );
    return text;
  };
}
