export const ticksPerSecond = 90_000;
/** PTS and DTS have 33 bits (ISO 13818-1, 2.4.3.7). */
export const ptsWrap = 2 ** 33;

/** How far `to` lies after `from`, ticks, across the 33-bit wrap; negative: before it. */
export function ticksBetween(from: number, to: number): number {
  const ahead = (((to - from) % ptsWrap) + ptsWrap) % ptsWrap;
  return ahead >= ptsWrap / 2 ? ahead - ptsWrap : ahead;
}
