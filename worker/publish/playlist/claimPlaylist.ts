import { setTimeout as sleep } from 'node:timers/promises';
import { fencedError } from '../store/fencedError.ts';
import { headers } from '../store/headers.ts';
import type { ObjectStore, StoredObject } from '../store/objectStore.ts';
import { StoreError } from '../store/storeError.ts';
import { compareTokens } from './compareTokens.ts';
import { withOwner } from './mediaPlaylist.ts';

export interface ClaimedPlaylist {
  key: string;
  text: string;
  etag: string;
}

/** How often two owners may get in each other's way before one is sure to be the newer. */
const TRIES = 5;
/** The last owner noted its time before its PUT had reached the store. */
const MARGIN_MS = 50;

/**
 * Reads a published playlist, and where the store fences writes the same again in this owner's name: its ETag changes,
 * so the last owner's next PUT fails. Undefined when there is none; with `empty` that is written where there is none, so
 * that an owner of before, which may be about to write its first, cannot. Throws `fenced` when a newer owner has it.
 */
export async function claimPlaylist(
  store: ObjectStore,
  claim: {
    key: string;
    token: string;
    fences: boolean;
    intervalMs: number;
    empty?: string | undefined;
    signal: AbortSignal;
  },
): Promise<ClaimedPlaylist | undefined> {
  const { key, token, fences, intervalMs, signal } = claim;
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const there = await store.get(key, { signal });
    if (!there && (!fences || claim.empty === undefined)) return undefined;
    if (!there) {
      const created = await create(store, key, withOwner(claim.empty ?? '', token), token, signal);
      if (created) return created;
      continue;
    }
    const order = compareTokens(there.metadata.token, token);
    if (order > 0) throw fencedError(key);
    if (!fences || order === 0) return { key, text: there.body.toString('utf8'), etag: there.etag };
    await keepInterval(there.metadata.time, intervalMs, signal);
    try {
      return await rewrite(store, there, token, signal);
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== 'precondition' || attempt === TRIES) throw error;
    }
  }
  throw fencedError(key);
}

/** The last owner may have written a moment ago, and the store's limit counts for both (invariant I8). */
async function keepInterval(writtenAt: string | undefined, intervalMs: number, signal: AbortSignal): Promise<void> {
  const wait = Number(writtenAt) + intervalMs + MARGIN_MS - Date.now();
  if (wait > 0) await sleep(Math.min(wait, intervalMs + MARGIN_MS), undefined, { signal });
}

/** Undefined when there is one by now. */
async function create(
  store: ObjectStore,
  key: string,
  text: string,
  token: string,
  signal: AbortSignal,
): Promise<ClaimedPlaylist | undefined> {
  const metadata = { token, sequence: '0', time: String(Date.now()) };
  try {
    const { etag } = await store.put(key, text, {
      ...headers.playlist,
      metadata,
      condition: { ifNoneMatch: '*' },
      signal,
    });
    return { key, text, etag };
  } catch (error) {
    if (error instanceof StoreError && error.kind === 'precondition') return undefined;
    throw error;
  }
}

async function rewrite(
  store: ObjectStore,
  there: StoredObject,
  token: string,
  signal: AbortSignal,
): Promise<ClaimedPlaylist> {
  const text = withOwner(there.body.toString('utf8'), token);
  const { etag } = await store.put(there.key, text, {
    ...headers.playlist,
    metadata: { token, sequence: '0', time: String(Date.now()) },
    condition: { ifMatch: there.etag },
    signal,
  });
  return { key: there.key, text, etag };
}
