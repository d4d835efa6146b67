import type { Meter } from '@opentelemetry/api';
import type { Audiences } from '../viewers/audiences.ts';
import { joinTimes } from '../viewers/joinTimes.ts';

/** What viewers of all streams have reported, together. Absent while Redis is away. */
export function observeAudiences(meter: Meter, audiences: Audiences): void {
  const viewers = meter.createObservableGauge('livetran_viewers', { description: 'Pages that play a stream' });
  const stalls = meter.createObservableGauge('livetran_viewer_stalls_per_minute', {
    description: "Times that a viewer's picture stood still, in the last minute",
  });
  const errors = meter.createObservableGauge('livetran_viewer_errors_per_minute', {
    description: "Errors from which a viewer's player had to begin anew, in the last minute",
  });
  const join = meter.createObservableGauge('livetran_viewer_join_seconds', {
    description: 'From loading the playlist to the first picture, the median of the last five minutes',
  });
  meter.addBatchObservableCallback(
    async result => {
      const all = await audiences.all().catch(() => undefined);
      if (!all) return;
      const sum = (
        read: (of: { viewers: number; stallsPerMinute: number; errorsPerMinute: number }) => number,
      ): number => [...all.values()].reduce((total, audience) => total + read(audience), 0);
      result.observe(
        viewers,
        sum(of => of.viewers),
      );
      result.observe(
        stalls,
        sum(of => of.stallsPerMinute),
      );
      result.observe(
        errors,
        sum(of => of.errorsPerMinute),
      );
      const joins = new Map<number, number>();
      for (const { joins: own } of all.values()) {
        for (const [at, count] of own) joins.set(at, (joins.get(at) ?? 0) + count);
      }
      const median = joinTimes.median(joins);
      if (median !== undefined) result.observe(join, median / 1_000);
    },
    [viewers, stalls, errors, join],
  );
}
