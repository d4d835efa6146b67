export const ticksPerSecond = 90_000;
/** PTS and DTS have 33 bits (ISO 13818-1, 2.4.3.7). */
export const ptsWrap = 2 ** 33;

/** The same time in 33 bits. */
export const wrapTicks = (ticks: number): number => ((Math.round(ticks) % ptsWrap) + ptsWrap) % ptsWrap;

/** How far `to` lies after `from`, ticks, across the 33-bit wrap; negative: before it. */
export function ticksBetween(from: number, to: number): number {
  const ahead = (((to - from) % ptsWrap) + ptsWrap) % ptsWrap;
  return ahead >= ptsWrap / 2 ? ahead - ptsWrap : ahead;
}

/** Half a picture at 60 a second. */
const nearTicks = 750;

/** Whether two PTS are one picture's: time bases round. */
export const isSamePicture = (a: number, b: number): boolean => Math.abs(ticksBetween(a, b)) <= nearTicks;
