import { setTimeout as sleep } from 'node:timers/promises';
import { fencedError } from '../store/fencedError.ts';
import { headers } from '../store/headers.ts';
import type { ObjectStore, PutOptions, StoredObject } from '../store/objectStore.ts';
import { StoreError } from '../store/storeError.ts';
import { compareTokens } from './compareTokens.ts';
import { withOwner } from './mediaPlaylist.ts';

interface Claim {
  key: string;
  token: string;
  fences: boolean;
  intervalMs: number;
  empty?: string | undefined;
  /** The last owner writes nothing more: what is there is only read, and claimed by the first write. */
  isLeft?: boolean | undefined;
  signal: AbortSignal;
}

export interface ClaimedPlaylist {
  key: string;
  text: string;
  etag: string;
  /** When it was last written, ms since 1970, by its writer's clock; undefined: a moment ago, by this owner. */
  writtenAt?: number;
}

/** How often the claims of two owners may collide before one is sure to be the newer. */
const TRIES = 5;
/** The last owner noted its time before the store took its PUT; a write that comes too early is refused, and waits a second more. */
export const MARGIN_MS = 200;

/**
 * Reads a published playlist and writes the same again in this owner's name. Where the store fences its ETag changes, so
 * the last owner's next PUT fails; elsewhere that owner, which has suspended itself, sees whose it is now. Undefined when
 * there is none; with `empty` that is written where there is none, so that an owner of before, which may be about to write
 * its first, cannot. One that its last owner has left for certain is only read: the claim would take the next write's turn (invariant
 * I8), and viewers wait for that. Throws `fenced` when a newer owner has it.
 */
export async function claimPlaylist(store: ObjectStore, claim: Claim): Promise<ClaimedPlaylist | undefined> {
  const { key, token, intervalMs, signal } = claim;
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const there = await store.get(key, { signal });
    if (!there) {
      if (claim.empty === undefined) return undefined;
      const created = await create(store, claim, withOwner(claim.empty, token));
      if (created) return created;
      continue;
    }
    const order = compareTokens(there.metadata.token, token);
    if (order > 0) throw fencedError(key);
    if (order === 0) return { key, text: there.body.toString('utf8'), etag: there.etag };
    if (claim.isLeft && claim.fences) return left(claim, there);
    await keepInterval(there.metadata.time, intervalMs, signal);
    try {
      return await rewrite(store, claim, there);
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== 'precondition' || attempt === TRIES) throw error;
    }
  }
  throw fencedError(key);
}

/** As it will be with this owner's first write, which replaces nothing else than this. */
function left({ key, token }: Claim, { body, etag, metadata }: StoredObject): ClaimedPlaylist {
  return { key, text: withOwner(body.toString('utf8'), token), etag, writtenAt: Number(metadata.time) || Date.now() };
}

/** The last owner may have written a moment ago, and the store's limit counts for both (invariant I8). */
async function keepInterval(writtenAt: string | undefined, intervalMs: number, signal: AbortSignal): Promise<void> {
  const wait = Number(writtenAt) + intervalMs + MARGIN_MS - Date.now();
  if (wait > 0) await sleep(Math.min(wait, intervalMs + MARGIN_MS), undefined, { signal });
}

/** Undefined when there is one by now. */
async function create(store: ObjectStore, claim: Claim, text: string): Promise<ClaimedPlaylist | undefined> {
  try {
    return await write(store, claim, text, { ifNoneMatch: '*' });
  } catch (error) {
    if (error instanceof StoreError && error.kind === 'precondition') return undefined;
    throw error;
  }
}

const rewrite = (store: ObjectStore, claim: Claim, there: StoredObject): Promise<ClaimedPlaylist> =>
  write(store, claim, withOwner(there.body.toString('utf8'), claim.token), { ifMatch: there.etag });

async function write(
  store: ObjectStore,
  { key, token, fences, signal }: Claim,
  text: string,
  condition: NonNullable<PutOptions['condition']>,
): Promise<ClaimedPlaylist> {
  const metadata = { token, sequence: '0', time: String(Date.now()) };
  const { etag } = await store.put(key, text, {
    ...{ ...headers.playlist, metadata, signal },
    ...(fences ? { condition } : {}),
  });
  return { key, text, etag };
}
