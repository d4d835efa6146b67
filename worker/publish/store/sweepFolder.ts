import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './errorCode.ts';

/**
 * Removes temporary files under `folder` that no writer has touched for `olderThanMs`: what a killed process left.
 * Resolves to their number.
 */
export async function sweepFolder(folder: string, olderThanMs: number, signal: AbortSignal): Promise<number> {
  let removed = 0;
  const entries = await readdir(folder, { withFileTypes: true }).catch(goneIsEmpty);
  for (const entry of entries) {
    signal.throwIfAborted();
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removed += await sweepFolder(path, olderThanMs, signal);
    if (!entry.isFile() || !entry.name.startsWith('.tmp-')) continue;
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs < olderThanMs) continue;
    await rm(path, { force: true });
    removed += 1;
  }
  return removed;
}

function goneIsEmpty(error: unknown): [] {
  if (errorCode(error) === 'ENOENT') return [];
  throw error;
}
