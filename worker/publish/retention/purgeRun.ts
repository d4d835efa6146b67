import { basename } from 'node:path';
import type { RetentionJob } from '../../../common/redis/queues.ts';
import { parseMediaPlaylist } from '../playlist/parseMediaPlaylist.ts';
import { segmentNumber } from '../playlist/streamFiles.ts';
import type { ObjectStore } from '../store/objectStore.ts';
import { keepNumbering } from './numbering.ts';

/** What a stream id has in the store. Nothing else in its folder is ours to delete. */
interface Found {
  segments: string[];
  /** Live playlists, media and multivariant, and the poster. */
  live: string[];
  recordings: string[];
}

export interface PurgeOptions {
  job: RetentionJob;
  /** A newer run uses the stream id: then only the segments of this run and of those before it go. */
  inUse: boolean;
  signal: AbortSignal;
}

/**
 * Deletes what a run has left in the store: first the playlists, then, in a second call, the segments that no playlist
 * lists, so that a player that holds one can play it to its end. Recordings stay, with all that they list.
 * @returns ms until the second call; undefined when nothing is left to do. Throws when the store does not do it all.
 */
export async function purgeRun(store: ObjectStore, options: PurgeOptions): Promise<number | undefined> {
  const { job, inUse, signal } = options;
  const found = await findObjects(store, job.streamId, signal);
  if (!inUse && found.live.length > 0) {
    const stayMs = Math.max(0, ...(await readLists(store, found.live, signal)).map(list => list.stayMs));
    await keepNumbering(store, job, { signal });
    await deleteAll(store, found.live, signal);
    return stayMs;
  }
  const kept = inUse ? [...found.live, ...found.recordings] : found.recordings;
  const listed = new Set((await readLists(store, kept, signal)).flatMap(list => list.keys));
  const going = found.segments.filter(key => (segmentNumber(key) ?? 0) < job.nextNumber && !listed.has(key));
  if (!inUse && going.length > 0) await keepNumbering(store, job, { signal });
  await deleteAll(store, going, signal);
  return undefined;
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

/** The playlists' segments, as keys, and how long a player may still ask for them: the playlist's duration and one more. */
async function readLists(store: ObjectStore, keys: readonly string[], signal: AbortSignal) {
  const lists: { keys: string[]; stayMs: number }[] = [];
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
