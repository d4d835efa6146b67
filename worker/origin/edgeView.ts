import { basename } from 'node:path';
import { keyOf, type Ledger, type LedgerEntry, nextEntry } from '../publish/playlist/ledger.ts';
import { listedSeconds } from '../publish/playlist/mediaPlaylist.ts';
import type { EdgeView, ListedSegment, RenditionReport } from './lowLatencyPlaylist.ts';
import type { KeptSegment } from './renditionMemory.ts';

/** What of a rendition is in memory, from the oldest segment on. */
export interface EdgeMemory {
  segments: readonly KeptSegment[];
  /** URI of the part that comes next. */
  nextPart: string;
}

/**
 * One rendition's live edge: the bucket's listing and numbers (the ledger), and what is in memory. Only what can be had is listed: a
 * segment in memory, or one that is stored. Pure.
 * @param options.ledger with every segment that is closed in memory
 * @param options.from media sequence number of the first segment that may be listed
 */
export function edgeView(options: {
  ledger: Ledger;
  rendition: number;
  memory: EdgeMemory;
  partTarget: number | undefined;
  from: number;
  reports: readonly RenditionReport[];
}): EdgeView {
  const { ledger, rendition, memory, partTarget, from, reports } = options;
  const kept = new Map(memory.segments.map(segment => [segment.number, segment]));
  const open = memory.segments.at(-1);
  let segments: ListedSegment[] = [];
  for (const entry of ledger.entries.filter(({ mediaSequence }) => mediaSequence >= from)) {
    const listed = listedEntry(ledger, rendition, entry, kept.get(entry.number));
    // Other renditions may be further.
    if (listed === undefined && entry.number > (open?.number ?? -1)) break;
    // What cannot be had divides the playlist: it begins behind it.
    if (listed === undefined) segments = [];
    else if (segments.length > 0 || !listed.isGap) segments.push(listed);
  }
  const isOpen = open !== undefined && !ledger.entries.some(({ number }) => number === open.number);
  if (isOpen && open.parts.length > 0)
    segments.push(listedEntry(ledger, rendition, nextEntry(ledger, open), open) as ListedSegment);
  // A gap is listed when something follows it.
  while (segments.at(-1)?.isGap) segments.pop();
  const { targetDuration, ended } = ledger;
  return { targetDuration, partTarget, segments, hint: ended ? undefined : memory.nextPart, reports, ended };
}

/** Undefined: it is neither in memory nor stored. */
function listedEntry(
  ledger: Ledger,
  rendition: number,
  entry: LedgerEntry,
  kept: KeptSegment | undefined,
): ListedSegment | undefined {
  const segment = entry.segments[rendition];
  const isStored = segment?.state === 'stored';
  const isGap = segment?.state === 'gap';
  if (kept === undefined && !isStored && !isGap) return undefined;
  const seconds = kept === undefined ? segment?.durationSeconds : kept.seconds;
  const { mediaSequence, discontinuity, discontinuitySequence, programDateTime } = entry;
  return {
    ...{ mediaSequence, discontinuity, discontinuitySequence, programDateTime },
    uri: basename(keyOf(ledger, rendition, entry.number)),
    seconds: seconds === undefined ? undefined : listedSeconds(seconds, ledger.targetDuration),
    isGap: kept === undefined && isGap,
    parts: kept?.parts ?? [],
  };
}

/** Where a rendition's playlist ends, for the playlists of the others. */
export function reportOf(uri: string, { segments }: EdgeView): RenditionReport | undefined {
  const last = segments.at(-1);
  if (last === undefined) return undefined;
  return { uri, mediaSequence: last.mediaSequence, part: last.parts.length > 0 ? last.parts.length - 1 : undefined };
}
