import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { holdFile } from './heldFile.ts';

const POLL_MS = { least: 1, spread: 9 };

/**
 * Runs `work` while `path` is held against all processes of this host (heldFile.ts). The file exists while it is held only.
 * @param options.waitMs how long to wait for another holder; after that throws an error with the code `EWOULDBLOCK`
 * @param options.signal ends the wait, with its reason; the work itself is not interrupted
 */
export async function withHeldFile<Result>(
  path: string,
  options: { waitMs: number; signal?: AbortSignal | undefined },
  work: () => Promise<Result>,
): Promise<Result> {
  const deadline = performance.now() + options.waitMs;
  let held = await holdFile(path, true);
  while (!held) {
    options.signal?.throwIfAborted();
    if (performance.now() > deadline) throw stillHeld(path, options.waitMs);
    // At random: two that wait for the same file must not try at the same moments.
    await sleep(POLL_MS.least + Math.random() * POLL_MS.spread);
    held = await holdFile(path, true);
  }
  try {
    return await work();
  } finally {
    // Removed while it is still held: the next holder makes a new one.
    await rm(path, { force: true });
    await held.release();
  }
}

function stillHeld(path: string, waitMs: number): Error {
  const text = `${path} was held by another process for ${waitMs} ms; a process that is frozen keeps what it holds`;
  return Object.assign(new Error(text), { code: 'EWOULDBLOCK' });
}
