/** PES packets of audio are no further apart, ticks; where they seem to be, some were lost. */
const mostDistance = 18_000;

/**
 * Of PES packets `distance` ticks apart: whether the one that begins `after` a picture is the nearest to it, or later.
 * `distance` undefined: not known yet.
 */
export function isNearest(after: number, distance = mostDistance): boolean {
  return after + Math.min(Math.abs(distance), mostDistance) / 2 >= 0;
}
