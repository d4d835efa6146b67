import { expect, test } from 'vitest';
import { createMetrics } from '../../common/metrics/createMetrics.ts';
import { idleWorker } from '../../common/testing/idleWorker.ts';
import { parseExposition } from '../../common/testing/parseExposition.ts';
import { observeWorker } from './observeWorker.ts';
import { WorkerMetrics } from './workerMetrics.ts';

async function scraped(measure: (metrics: WorkerMetrics) => void) {
  const all = createMetrics({ service: 'test', instance: 'w1', version: '1', environment: 'test' });
  measure(new WorkerMetrics(all.meter));
  const problem = { since: 1, message: 'x', advice: 'x' };
  observeWorker(all.meter, {
    status: () => idleWorker('w1', { streams: 1, busy: 'its disk is full' }),
    problems: () => [
      { code: 'packets_lost', fault: 'network', ...problem },
      { code: 'packets_lost', fault: 'network', ...problem },
      { code: 'no_audio', fault: 'encoder', ...problem },
    ],
  });
  const families = parseExposition(await all.prometheus());
  /** By name and labels. */
  return (name: string, labels: Record<string, string> = {}): number | undefined =>
    [...families.values()]
      .flatMap(({ samples }) => samples)
      .find(sample => sample.name === name && JSON.stringify(sample.labels) === JSON.stringify(labels))?.value;
}

test('what a worker measures, in seconds', async () => {
  const value = await scraped(metrics => {
    metrics.listed(1_200);
    metrics.uploaded(80, 'stored');
    metrics.uploaded(5_000, 'failed');
    metrics.playable(3_500);
    metrics.taken('created', 40);
    metrics.taken('worker_lost', 8_100);
    metrics.webhook({ status: 'retrying', tookMs: 20, ageMs: 100 });
    metrics.webhook({ status: 'delivered', tookMs: 30, ageMs: 1_500 });
    metrics.refused({ 1401: 3, 1409: 1 });
    metrics.restarted();
    metrics.problem({ code: 'no_audio', fault: 'encoder' });
  });
  expect(value('livetran_segment_listing_duration_seconds_sum')).toBe(1.2);
  expect(value('livetran_upload_duration_seconds_bucket', { outcome: 'stored', le: '0.1' })).toBe(1);
  expect(value('livetran_upload_duration_seconds_sum', { outcome: 'failed' })).toBe(5);
  expect(value('livetran_first_playable_duration_seconds_bucket', { le: '4' })).toBe(1);
  expect(value('livetran_job_wait_duration_seconds_count')).toBe(1);
  expect(value('livetran_takeover_duration_seconds_sum', { cause: 'worker_lost' })).toBe(8.1);
  expect(value('livetran_takeovers_total', { cause: 'worker_lost' })).toBe(1);
  expect(value('livetran_webhooks_failed_total')).toBe(0);
  expect(value('livetran_webhook_attempt_duration_seconds_count', { status: 'retrying' })).toBe(1);
  expect(value('livetran_webhook_delivery_duration_seconds_sum', { status: 'delivered' })).toBe(1.5);
  expect(value('livetran_webhook_delivery_duration_seconds_count', { status: 'retrying' })).toBeUndefined();
  expect(value('livetran_encoders_refused_total', { code: '1401' })).toBe(3);
  expect(value('livetran_restarts_total')).toBe(1);
  expect(value('livetran_stream_problems_total', { problem: 'no_audio', fault: 'encoder' })).toBe(1);
});

test('what a worker says of itself, and what is wrong with its streams', async () => {
  const value = await scraped(() => undefined);
  // There from the begin: an alert on their increase would miss the first one.
  expect(value('livetran_restarts_total')).toBe(0);
  expect(value('livetran_webhooks_failed_total')).toBe(0);
  expect(value('livetran_takeovers_total', { cause: 'worker_lost' })).toBe(0);
  expect(value('livetran_worker_slots')).toBe(2);
  expect(value('livetran_worker_units_used')).toBe(1);
  expect(value('livetran_worker_overloaded')).toBe(1);
  expect(value('livetran_worker_event_loop_delay_seconds')).toBe(0.021);
  expect(value('livetran_gaps_listed_total')).toBe(0);
  expect(value('livetran_streams_unhealthy', { problem: 'packets_lost', fault: 'network' })).toBe(2);
  expect(value('livetran_streams_unhealthy', { problem: 'no_audio', fault: 'encoder' })).toBe(1);
});
