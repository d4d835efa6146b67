import type { Meter } from '@opentelemetry/api';
import type { EntryParser } from '../../common/redis/entryParser.ts';

/** `redis_values_skipped_total{kind}`: values in Redis that this process could not read, and skipped. */
export function observeSkipped(meter: Meter, entries: EntryParser): void {
  const counter = meter.createObservableCounter('redis_values_skipped', {
    description: 'Values in Redis that do not parse and were skipped, by kind',
  });
  counter.addCallback(result => {
    for (const [kind, count] of entries.counts()) result.observe(count, { kind });
  });
}
