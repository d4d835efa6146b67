import { join } from 'node:path';
import type { SpooledEpoch } from './spooledEpochs.ts';

export interface SpoolLimits {
  /** Bytes of all files together. */
  maxBytes: number;
  /** How long a closed segment may lie there (ms). */
  maxAgeMs: number;
}

export interface Dropped {
  epoch: SpooledEpoch;
  /** Relative to the spool. */
  file: string;
  bytes: number;
  reason: 'size' | 'age';
}

/**
 * What stays free of the disk's room for the spool, or FFmpeg could not go on writing (SegmentWatcher ends a stream below
 * 1 MiB): a share of it, and some seconds' worth, but never more than half.
 */
const FREE_SHARE = 0.05;
const FREE_BYTES = 16 * 1024 ** 2;

/**
 * Which closed segments have to go so that the spool keeps its bounds: what is too old, and as much as is too much,
 * the oldest of epochs without a live owner first, then the oldest of live ones. A pure function.
 * @param freeBytes what can still be written to the disk
 */
export function overBounds(
  epochs: readonly SpooledEpoch[],
  isLive: (epoch: SpooledEpoch) => boolean,
  limits: SpoolLimits,
  disk: { freeBytes: number; now: number },
): Dropped[] {
  const used = epochs.reduce((sum, epoch) => sum + epoch.bytes, 0);
  const room = used + disk.freeBytes;
  const most = Math.min(limits.maxBytes, room - Math.max(room * FREE_SHARE, Math.min(FREE_BYTES, room / 2)));
  const files = epochs
    .flatMap(epoch => epoch.closed.map(({ name, ...file }) => ({ ...file, epoch, file: join(epoch.origin, name) })))
    .toSorted((a, b) => Number(isLive(a.epoch)) - Number(isLive(b.epoch)) || a.writtenAt - b.writtenAt);
  let left = used;
  const dropped: Dropped[] = [];
  const drop = ({ epoch, file, bytes }: (typeof files)[number], reason: Dropped['reason']): void => {
    dropped.push({ epoch, file, bytes, reason });
    left -= bytes;
  };
  const [old, young] = [true, false].map(wanted =>
    files.filter(({ writtenAt }) => disk.now - writtenAt > limits.maxAgeMs === wanted),
  );
  for (const file of old ?? []) drop(file, 'age');
  for (const file of young ?? []) if (left > most) drop(file, 'size');
  return dropped;
}
