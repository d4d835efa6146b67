import { randomUUID } from 'node:crypto';
import pRetry from 'p-retry';
import type { ObjectStore, PutOptions } from './objectStore.ts';
import { StoreError } from './storeError.ts';

/** The folder of probe objects; each is deleted again. */
export const probePrefix = 'livetran-probe/';

/**
 * Whether a store's conditional PUT fences: creates an object only if absent, then tries to create it again and to
 * replace it under a wrong ETag. A store that ignores the conditions, or refuses them as unknown (400, 501), does not.
 * Throws a StoreError when the store cannot be asked.
 */
export async function probeConditionalPut(
  store: Pick<ObjectStore, 'put' | 'delete'>,
  signal?: AbortSignal,
): Promise<boolean> {
  const key = `${probePrefix}${randomUUID()}`;
  try {
    if ((await tryPut(store, key, { ifNoneMatch: '*' }, signal)) !== 'stored') return false;
    if ((await tryPut(store, key, { ifNoneMatch: '*' }, signal)) !== 'refused') return false;
    return (await tryPut(store, key, { ifMatch: '0123456789abcdef0123456789abcdef' }, signal)) === 'refused';
  } finally {
    await store.delete([key]);
  }
}

type Outcome = 'stored' | 'refused' | 'unknown condition';

async function tryPut(
  store: Pick<ObjectStore, 'put'>,
  key: string,
  condition: NonNullable<PutOptions['condition']>,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const options: PutOptions = { contentType: 'text/plain', cacheControl: 'no-store', condition };
  if (signal) options.signal = signal;
  // R2 answers 429 to a second write of one key within a second; it may check that before the condition.
  const retry = {
    retries: 3,
    minTimeout: 1_100,
    factor: 1,
    shouldRetry: ({ error }: { error: unknown }) => error instanceof StoreError && error.kind === 'throttled',
  };
  try {
    await pRetry(
      () => store.put(key, `probe ${JSON.stringify(condition)}`, options),
      signal ? { ...retry, signal } : retry,
    );
    return 'stored';
  } catch (error) {
    if (signal?.aborted) throw new StoreError('aborted', 'The probe of conditional PUT was aborted.', { cause: error });
    if (!(error instanceof StoreError)) throw error;
    if (error.kind === 'precondition') return 'refused';
    if (error.status === 400 || error.status === 501) return 'unknown condition';
    throw error;
  }
}
