/** Further behind than this the viewer is taken to the live edge (s). */
const JUMP_SECONDS = 4;
/** Rates by how far behind its place the picture is (s), the largest first: nobody hears or sees them. */
const rates = [
  [0.5, 1.1],
  [0.15, 1.05],
  [0.05, 1.02],
  [-0.1, 1],
];

/**
 * How a viewer of parts comes to the distance from live that the playlist asks for, and stays there: what a start or a stall has cost is played a
 * little faster.
 * @param {number} late s behind that distance; negative: before it
 * @returns {{rate: number, jumps: boolean}} `jumps`: it is too far to be caught up
 */
export function catchUp(late) {
  if (late > JUMP_SECONDS) return { rate: 1, jumps: true };
  const [, rate = 0.97] = rates.find(([from]) => late > from) ?? [];
  return { rate, jumps: false };
}
