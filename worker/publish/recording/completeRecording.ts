import { basename } from 'node:path';
import type { RecordingJob } from '../../../common/redis/queues.ts';
import { headers } from '../store/headers.ts';
import type { ObjectStore } from '../store/objectStore.ts';

const GAP = '#EXT-X-GAP\n';
/** A gap as segmentLines() writes it, from its first own tag on. */
const GAP_SEGMENT = /^#EXT-X-GAP\n(#EXTINF:.*\n)(.+)\n/gm;
const LAST_GAPS =
  /(?:(?:#EXT-X-DISCONTINUITY\n)?#EXT-X-PROGRAM-DATE-TIME:.*\n#EXT-X-GAP\n#EXTINF:.*\n.+\n)+(?=#EXT-X-ENDLIST\n$)/;

/**
 * Brings a stopped run's recording up to what is in the store by now: playlists that could not be stored at the end, and
 * gaps whose segments came later. Nobody else writes them any more.
 * @returns how many gaps are left. Throws a StoreError
 */
export async function completeRecording(store: ObjectStore, job: RecordingJob, signal: AbortSignal): Promise<number> {
  let gaps = 0;
  for (const { key, text } of job.playlists) {
    const folder = key.slice(0, -basename(key).length);
    const found = new Set<string>();
    for (const [, , uri = ''] of text.matchAll(GAP_SEGMENT)) {
      if (await store.head(`${folder}${uri}`, { signal })) found.add(uri);
      else gaps += 1;
    }
    const healed = heal(text, found);
    const there = await store.get(key, { signal });
    if (healed !== there?.body.toString('utf8')) await store.put(key, healed, { ...headers.playlist, signal });
  }
  return gaps;
}

/** The text without the gaps that are filled; no recording ends with a gap. */
function heal(text: string, found: ReadonlySet<string>): string {
  const healed = text.replace(GAP_SEGMENT, (lines, extinf: string, uri: string) =>
    found.has(uri) ? `${extinf}${uri}\n` : lines,
  );
  return healed.includes(GAP) ? healed.replace(LAST_GAPS, '') : healed;
}
