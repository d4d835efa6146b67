import type { Meter } from '@opentelemetry/api';
import type { EntryParser } from '../redis/entryParser.ts';

/** `livetran_redis_values_skipped_total{kind}`: values in Redis that this process could not read, and skipped. */
export function observeSkipped(meter: Meter, entries: EntryParser): void {
  const counter = meter.createObservableCounter('livetran_redis_values_skipped_total', {
    description: 'Values in Redis that do not parse and were skipped, by kind',
  });
  counter.addCallback(result => {
    for (const [kind, count] of entries.counts()) result.observe(count, { kind });
  });
}
