import { joinTimes } from './joinTimes.ts';

/** What the viewers of a stream have reported. */
export interface Audience {
  /** Pages that play it now, or did within the last 40 s. */
  viewers: number;
  /** Of all viewers together, over the last minute. */
  stallsPerMinute: number;
  errorsPerMinute: number;
  /** From loading the playlist to the first picture, the middle one of the last five minutes; undefined: nobody has come. */
  joinMsP50: number | undefined;
  /** Counts of join times by class, of the last five minutes. */
  joins: ReadonlyMap<number, number>;
}

/**
 * The figures from what Redis holds.
 * @param minutes the latest first, the one that is not over among them; fields as read-audiences.lua returns them
 * @param secondsOfMinute how much of the latest one has passed
 */
export function audienceOf(
  viewers: number,
  minutes: readonly (readonly string[])[],
  secondsOfMinute: number,
): Audience {
  const [latest = new Map(), before = new Map(), ...older] = minutes.map(numbersOf);
  const lastMinute = (field: string): number =>
    (latest.get(field) ?? 0) + (before.get(field) ?? 0) * (1 - secondsOfMinute / 60);
  const joins = new Map<number, number>();
  for (const minute of [latest, before, ...older]) {
    for (const [field, count] of minute) {
      const [, joined] = /^join:(\d+)$/.exec(field) ?? [];
      if (joined !== undefined) joins.set(Number(joined), (joins.get(Number(joined)) ?? 0) + count);
    }
  }
  return {
    viewers: Math.round(viewers),
    stallsPerMinute: Math.round(lastMinute('stalls')),
    errorsPerMinute: Math.round(lastMinute('errors')),
    joinMsP50: joinTimes.median(joins),
    joins,
  };
}

/** HGETALL's answer, field after value. What is no number counts as none. */
function numbersOf(flat: readonly string[]): Map<string, number> {
  const numbers = new Map<string, number>();
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const number = Number(flat[i + 1]);
    if (Number.isFinite(number)) numbers.set(flat[i] ?? '', number);
  }
  return numbers;
}
