/** The name of `known` that is at most `most` letters off (Levenshtein), the nearest first; undefined: none is. */
export function nearestName(name: string, known: readonly string[], most = 2): string | undefined {
  let nearest: string | undefined;
  let least = most + 1;
  for (const other of known) {
    // The distance is never less than the difference of the lengths.
    if (Math.abs(other.length - name.length) >= least) continue;
    const distance = distanceOf(name, other);
    if (distance < least) [nearest, least] = [other, distance];
  }
  return nearest;
}

/** For names of a few dozen letters. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
