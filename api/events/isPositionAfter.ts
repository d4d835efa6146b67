/** Compares two ids of a Redis stream, `<ms>-<count>`. */
export function isPositionAfter(position: string, other: string): boolean {
  const [ms = 0, count = 0] = position.split('-').map(Number);
  const [otherMs = 0, otherCount = 0] = other.split('-').map(Number);
  return ms === otherMs ? count > otherCount : ms > otherMs;
}
