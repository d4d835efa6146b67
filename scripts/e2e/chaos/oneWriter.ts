import type { AcceptedPut } from '../s3/doubleObject.ts';

/**
 * Proves from what a store accepted that each playlist had one writer at a time: once a newer owner's token was written, no
 * older one's ever was, and within a token the sequence only grew. Answers with what is wrong, one sentence each.
 */
export function writerFaults(accepted: readonly AcceptedPut[]): string[] {
  const last = new Map<string, { token: number; sequence: number }>();
  const faults: string[] = [];
  for (const { key, metadata } of accepted) {
    if (!key.endsWith('.m3u8')) continue;
    const now = { token: Number(metadata.token), sequence: Number(metadata.sequence) };
    const before = last.get(key) ?? { token: 0, sequence: -1 };
    if (now.token < before.token) faults.push(`${key}: owner ${now.token} wrote after owner ${before.token} had`);
    if (now.token === before.token && now.sequence <= before.sequence) {
      faults.push(`${key}: owner ${now.token} wrote ${now.sequence} after ${before.sequence}`);
    }
    last.set(key, now);
  }
  return faults;
}

/** How many owners wrote a stream's playlist. */
export const writers = (accepted: readonly AcceptedPut[], key: string): number =>
  new Set(accepted.filter(put => put.key === key).map(put => put.metadata.token)).size;
