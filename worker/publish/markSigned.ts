import { signedMark } from '../../common/stream/signedMark.ts';
import type { ObjectStore } from './store/objectStore.ts';

/**
 * Says in the store whether a stream is signed, before anything of the run is there. The run that began last decides, for all objects of its
 * id. Throws StoreError.
 * @param isOwner whether the stream is certainly still this owner's: a late one must not open what the next one has closed
 */
export async function markSigned(
  store: ObjectStore,
  streamId: string,
  isSigned: boolean,
  { isOwner, signal }: { isOwner: () => boolean; signal: AbortSignal },
): Promise<void> {
  const key = signedMark(streamId);
  const isMarked = (await store.head(key, { signal })) !== undefined;
  if (isMarked === isSigned) return;
  if (isSigned) await store.put(key, 'signed\n', { contentType: 'text/plain', cacheControl: 'no-store', signal });
  else if (isOwner()) await store.delete([key], { signal });
}
