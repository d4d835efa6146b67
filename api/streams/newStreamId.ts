import { createHash, randomBytes } from 'node:crypto';

const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';

/** An id for a stream whose request names none: 20 letters and digits, of which none looks like another. The same `seed` gives the same. */
export function newStreamId(seed?: string): string {
  const bytes = seed === undefined ? randomBytes(20) : createHash('sha256').update(`stream id ${seed}`).digest();
  return Array.from(bytes.subarray(0, 20), byte => LETTERS[byte % LETTERS.length]).join('');
}
