import { dirname } from 'node:path';
import type { UploadJob } from '../../../common/redis/queues.ts';
import type { Spool } from '../spool/spool.ts';
import type { ObjectStore } from './objectStore.ts';
import { putSegment } from './putSegment.ts';

/**
 * Stores one file of the spool; may be called again after any failure. Throws a StoreError, or the file's error (ENOENT: it
 * is gone and not stored).
 */
export async function putFile(
  { store, spool, fences }: { store: ObjectStore; spool: Spool; fences: boolean },
  { key, file, contentType, cacheControl }: Pick<UploadJob, 'key' | 'file' | 'contentType' | 'cacheControl'>,
  signal: AbortSignal,
): Promise<void> {
  const origin = dirname(file);
  try {
    await spool.withBody(file, body =>
      putSegment(store, { key, body, contentType, cacheControl, origin, fences, signal }),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // A file is removed when it is stored: this one was uploaded directly while its job waited for Redis.
    const there = await store.head(key, { signal });
    if (there?.metadata.origin !== origin) throw error;
  }
}
