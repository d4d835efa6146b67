import {
  advance,
  createLedger,
  keyOf,
  type Ledger,
  type LedgerEntry,
  type LedgerOptions,
  type LedgerSegment,
  openRun,
} from './ledger.ts';
import type { ParsedMediaPlaylist, ParsedSegment } from './parseMediaPlaylist.ts';
import { withEnds } from './resume.ts';
import { segmentNumber } from './streamFiles.ts';

interface SeenSegment extends ParsedSegment {
  rendition: number;
  number: number;
  mediaSequence: number;
  discontinuitySequence: number;
}

/**
 * The ledger as it goes on with a new owner. The published playlists (by rendition) are the last truth: viewers have
 * seen them. The working copy adds what they do not show: what is closed or stored but not listed. Parts of which neither
 * knows the end are `pending`: ask the store.
 */
export function mergeLedger(
  options: LedgerOptions,
  copy: Ledger | undefined,
  playlists: readonly (ParsedMediaPlaylist | undefined)[],
): Ledger {
  const seen = playlists.flatMap((playlist, rendition) => (playlist ? seenParts(playlist, rendition) : []));
  const base = { ...(copy ?? createLedger(options)), streamId: options.streamId, stems: options.stems, entries: [] };
  const sameLayout = copy !== undefined && copy.stems.join() === options.stems.join();
  const entries = mergeEntries(base, seen, sameLayout ? copy.entries : []);
  const trusted = sameLayout && entries ? copy : undefined;
  const next = counters(copy, seen, entries ?? []);
  const ledger: Ledger = {
    ...base,
    ...next,
    targetDuration: Math.max(0, ...playlists.map(p => p?.targetDuration ?? 0)) || base.targetDuration,
    ended: playlists.some(playlist => playlist) ? playlists.some(playlist => playlist?.ended) : base.ended,
    listed: options.stems.map((_, r) => Math.max(trusted?.listed[r] ?? -1, lastOf(playlists[r]))),
    head: options.stems.map((_, r) => Math.max(trusted?.head[r] ?? 0, playlists[r]?.mediaSequence ?? 0)),
    entries: entries && continues(entries, next) ? entries : [],
  };
  return advance(copy?.run === options.run ? ledger : openRun(ledger, options));
}

const lastOf = (playlist: ParsedMediaPlaylist | undefined): number =>
  playlist ? playlist.mediaSequence + playlist.segments.length - 1 : -1;

function seenParts(playlist: ParsedMediaPlaylist, rendition: number): SeenSegment[] {
  let discontinuitySequence = playlist.discontinuitySequence;
  return playlist.segments.map((segment, i) => {
    if (segment.discontinuity) discontinuitySequence += 1;
    const number = segmentNumber(segment.uri) ?? -1;
    return { ...segment, rendition, number, mediaSequence: playlist.mediaSequence + i, discontinuitySequence };
  });
}

/** Undefined when the sources contradict each other: then none of their entries can be continued. */
function mergeEntries(
  base: Ledger,
  seen: readonly SeenSegment[],
  known: readonly LedgerEntry[],
): LedgerEntry[] | undefined {
  const merged = new Map(known.map(entry => [entry.mediaSequence, entry]));
  for (const segment of seen) {
    // The playlist of another program (FFmpeg's own, say): its numbers count, its segments cannot be continued.
    if (segment.number < 0 || segment.programDateTime === undefined) return undefined;
    const entry = merged.get(segment.mediaSequence) ?? newEntry(base, segment);
    if (entry.number !== segment.number || entry.discontinuitySequence !== segment.discontinuitySequence)
      return undefined;
    merged.set(segment.mediaSequence, withSeen(base, entry, segment));
  }
  const entries = [...merged.values()].sort((a, b) => a.mediaSequence - b.mediaSequence);
  // Only an unbroken tail can be listed.
  const broken = entries.findLastIndex(
    (entry, i) => i > 0 && entry.mediaSequence !== (entries[i - 1]?.mediaSequence ?? 0) + 1,
  );
  return withEnds(entries.slice(Math.max(0, broken)));
}

function newEntry(base: Ledger, segment: SeenSegment): LedgerEntry {
  return {
    number: segment.number,
    mediaSequence: segment.mediaSequence,
    discontinuity: segment.discontinuity,
    discontinuitySequence: segment.discontinuitySequence,
    programDateTime: segment.programDateTime ?? 0,
    segments: base.stems.map((_, rendition) => unknownSegment(base, rendition, segment)),
  };
}

const unknownSegment = (base: Ledger, rendition: number, segment: SeenSegment): LedgerSegment => ({
  state: 'pending',
  durationSeconds: segment.durationSeconds,
  bytes: 0,
  key: keyOf(base, rendition, segment.number),
});

function withSeen(base: Ledger, entry: LedgerEntry, segment: SeenSegment): LedgerEntry {
  const segments = entry.segments.map((old, rendition): LedgerSegment => {
    const known = old ?? unknownSegment(base, rendition, segment);
    return rendition === segment.rendition ? { ...known, state: segment.gap ? 'gap' : 'stored' } : known;
  });
  return { ...entry, segments };
}

/** Whether the next entry follows the last one directly. Not after a run with other renditions: that used up numbers too. */
function continues(entries: readonly LedgerEntry[], next: ReturnType<typeof counters>): boolean {
  const last = entries.at(-1);
  return (
    last !== undefined &&
    last.mediaSequence + 1 === next.nextMediaSequence &&
    last.discontinuitySequence === next.discontinuitySequence
  );
}

/** What the next entry gets: beyond everything that either source has used. */
function counters(copy: Ledger | undefined, seen: readonly SeenSegment[], kept: readonly LedgerEntry[]) {
  const all = [...seen, ...kept];
  const last = kept.at(-1);
  const seconds = last ? Math.max(0, ...last.segments.map(segment => segment?.durationSeconds ?? 0)) : 0;
  return {
    nextNumber: Math.max(copy?.nextNumber ?? 0, ...all.map(({ number }) => number + 1)),
    nextMediaSequence: Math.max(copy?.nextMediaSequence ?? 0, ...all.map(({ mediaSequence }) => mediaSequence + 1)),
    discontinuitySequence: Math.max(
      copy?.discontinuitySequence ?? 0,
      ...all.map(({ discontinuitySequence }) => discontinuitySequence),
    ),
    clock: Math.max(
      copy?.clock ?? 0,
      ...seen.map(segment => (segment.programDateTime ?? 0) + segment.durationSeconds * 1000),
      last ? last.programDateTime + seconds * 1000 : 0,
    ),
  };
}
