/** Upper ends of the classes in which join times are counted (ms). */
const ENDS = [
  ...[100, 200, 300, 400, 500, 750, 1_000, 1_500, 2_000, 3_000],
  ...[4_000, 6_000, 8_000, 12_000, 20_000, 30_000, 60_000, 120_000],
];

/** Join times as counts in classes, which add up over pages and processes. */
export const joinTimes = {
  /** The number of the class of a time (ms); times are at most 120,000. */
  classOf(ms: number): number {
    const found = ENDS.findIndex(end => ms <= end);
    return found < 0 ? ENDS.length - 1 : found;
  },

  /** The middle one of all times (ms), spread evenly within its class; undefined without any. @param counts by class */
  median(counts: ReadonlyMap<number, number>): number | undefined {
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    if (total === 0) return undefined;
    let before = 0;
    for (const [i, end] of ENDS.entries()) {
      const count = counts.get(i) ?? 0;
      const start = ENDS[i - 1] ?? 0;
      if (count > 0 && before + count >= total / 2) {
        return Math.round(start + ((total / 2 - before) / count) * (end - start));
      }
      before += count;
    }
    return undefined;
  },
};
