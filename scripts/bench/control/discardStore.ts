import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectStore } from '../../../worker/publish/store/objectStore.ts';

/** A store that keeps nothing: a PUT takes as long as one to a store nearby, and that is all. */
export function discardStore(putMs: number): ObjectStore {
  return {
    put: async () => {
      await sleep(putMs);
      return { etag: 'none' };
    },
    get: async () => undefined,
    head: async () => undefined,
    delete: async () => ({ failed: [] }),
    list: nothing,
    probeConditionalPut: async () => true,
    publicUrl: key => `http://127.0.0.1/${key}`,
    close: () => undefined,
  };
}

async function* nothing(): AsyncGenerator<never> {
  yield* [];
}
