import type { ObjectStore } from './objectStore.ts';
import { StoreError } from './storeError.ts';

export interface SegmentObject {
  key: string;
  body: Buffer;
  contentType: string;
  cacheControl: string;
  /** Where the bytes come from: the epoch's folder. Two files of one name are never of one origin. */
  origin: string;
  /** The store holds If-None-Match: then a name that is used can never get other bytes (invariant I3). */
  fences: boolean;
  signal?: AbortSignal;
}

/** Stores one segment; may be called again after any failure. Throws a StoreError, `precondition` when the name is taken. */
export async function putSegment(store: ObjectStore, segment: SegmentObject): Promise<void> {
  const { key, body, contentType, cacheControl, origin, fences } = segment;
  const signal = segment.signal ? { signal: segment.signal } : {};
  const metadata = { origin };
  const options = { contentType, cacheControl, metadata, ...signal };
  try {
    await store.put(key, body, fences ? { ...options, condition: { ifNoneMatch: '*' } } : options);
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== 'precondition') throw error;
    // An answer that was lost: the object there is ours.
    const there = await store.head(key, signal);
    if (there?.metadata.origin === origin) return;
    throw new StoreError('precondition', `"${key}" is in the store already, with other bytes`, { cause: error });
  }
}
