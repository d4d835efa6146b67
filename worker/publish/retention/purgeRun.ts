import { basename } from 'node:path';
import type { RetentionJob } from '../../../common/redis/queues.ts';
import { parseMediaPlaylist } from '../playlist/parseMediaPlaylist.ts';
import { segmentNumber } from '../playlist/streamFiles.ts';
import type { ObjectStore } from '../store/objectStore.ts';
import { keepNumbering } from './numbering.ts';

/** As many as S3's DeleteObjects takes. Between two batches a new run may take the stream. */
const BATCH = 1_000;
/** The stream was started while the store was listed. */
const CHANGED_MS = 5_000;
/** A newer run has not published yet, and it is not known what it will list. */
const UNPUBLISHED_MS = 60_000;

/** What a stream id has in the store. Nothing else in its folder is ours to delete. */
interface Found {
  segments: string[];
  /** Live playlists, media and multivariant, and the poster. */
  live: string[];
  recordings: string[];
}

export interface PurgeOptions {
  job: RetentionJob;
  /** A newer run uses the stream id: then only the segments that are behind its playlists go. */
  inUse: boolean;
  /** Runs its argument while no new run can take the stream; false: one has begun, and nothing was run (PurgeFence). */
  hold: (work: (signal: AbortSignal) => Promise<void>) => Promise<boolean>;
  signal: AbortSignal;
}

/**
 * Deletes what a run has left in the store: first the playlists, then, in a second call, the segments that no playlist
 * lists, so that a player that holds one can play it to its end. Recordings stay, with all that they list.
 * @returns ms until the next call; undefined when nothing is left to do. Throws when the store does not do it all.
 */
export async function purgeRun(store: ObjectStore, options: PurgeOptions): Promise<number | undefined> {
  const { job, inUse, signal } = options;
  const found = await findObjects(store, job.streamId, signal);
  const live = await readLists(store, found.live, signal);
  const kept = new Set((await readLists(store, found.recordings, signal)).flatMap(list => list.keys));
  if (inUse) return deleteBehind(store, options, { segments: found.segments, live, kept });
  if (found.live.length > 0) {
    const stayMs = Math.max(0, ...live.map(list => list.stayMs));
    return (await deleteHeld(store, found.live, options)) ? stayMs : CHANGED_MS;
  }
  const going = found.segments.filter(key => numberOf(key) < job.nextNumber && !kept.has(key));
  return (await deleteHeld(store, going, options)) ? undefined : CHANGED_MS;
}

/**
 * A newer run's playlists only go forward (invariant I3), so nothing before their first segments is listed again. What is
 * behind that, listed or not, is left to that run.
 */
async function deleteBehind(
  store: ObjectStore,
  { job, signal }: PurgeOptions,
  found: { segments: readonly string[]; live: readonly MediaList[]; kept: ReadonlySet<string> },
): Promise<number | undefined> {
  const heads = found.live.map(({ keys: [first] }) => (first === undefined ? -1 : numberOf(first)));
  if (heads.length === 0 || heads.includes(-1)) return UNPUBLISHED_MS;
  const end = Math.min(job.nextNumber, ...heads);
  const going = found.segments.filter(key => numberOf(key) < end && !found.kept.has(key));
  await deleteAll(store, going, signal);
  return undefined;
}

/** False when a new run came between: the rest is still there. */
async function deleteHeld(store: ObjectStore, going: readonly string[], options: PurgeOptions): Promise<boolean> {
  for (let from = 0; from < going.length; from += BATCH) {
    const held = await options.hold(async heldSignal => {
      const signal = AbortSignal.any([options.signal, heldSignal]);
      // Under the hold too: two purges of one stream must not write over each other's note.
      if (from === 0) await keepNumbering(store, options.job, { signal });
      await deleteAll(store, going.slice(from, from + BATCH), signal);
    });
    if (!held) return false;
  }
  return true;
}

async function findObjects(store: ObjectStore, streamId: string, signal: AbortSignal): Promise<Found> {
  const found: Found = { segments: [], live: [], recordings: [] };
  const own = new RegExp(`^${streamId}/${streamId}(_\\d+)?_\\d{3,15}\\.ts$`);
  const live = new RegExp(`^${streamId}/(${streamId}(_\\d+|_master)?\\.m3u8|poster\\.jpg)$`);
  const recording = new RegExp(`^${streamId}/${streamId}_vod_\\w+\\.m3u8$`);
  for await (const key of store.list(`${streamId}/`, { signal })) {
    if (own.test(key)) found.segments.push(key);
    else if (live.test(key)) found.live.push(key);
    else if (recording.test(key)) found.recordings.push(key);
  }
  return found;
}

const numberOf = (key: string): number => segmentNumber(key) ?? -1;

interface MediaList {
  /** Its segments, in order. */
  keys: string[];
  /** How long a player may still ask for them: the playlist's duration and one segment more. */
  stayMs: number;
}

/** The media playlists among these objects. */
async function readLists(store: ObjectStore, keys: readonly string[], signal: AbortSignal): Promise<MediaList[]> {
  const lists: MediaList[] = [];
  for (const key of keys) {
    if (!key.endsWith('.m3u8')) continue;
    const object = await store.get(key, { signal });
    const playlist = parseMediaPlaylist(object?.body.toString('utf8') ?? '');
    if (!playlist) continue;
    const folder = key.slice(0, -basename(key).length);
    const seconds = playlist.segments.reduce((sum, segment) => sum + segment.durationSeconds, playlist.targetDuration);
    lists.push({ keys: playlist.segments.map(({ uri }) => `${folder}${uri}`), stayMs: Math.ceil(seconds * 1000) });
  }
  return lists;
}

async function deleteAll(store: ObjectStore, keys: readonly string[], signal: AbortSignal): Promise<void> {
  if (keys.length === 0) return;
  const { failed } = await store.delete(keys, { signal });
  const [first] = failed;
  if (first) throw new Error(`${failed.length} of ${keys.length} objects not deleted, ${first.key}: ${first.code}`);
}
