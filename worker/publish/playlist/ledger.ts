import type { z } from 'zod';
import type { SegmentTimes } from '../../segment/segmentTimes.ts';
import type { ledger, ledgerEntry, ledgerSegment } from './ledgerSchema.ts';
import { follow } from './resume.ts';
import { segmentFile } from './streamFiles.ts';

/**
 * An upload may hold back two segments behind it; with the third it is passed over. In target durations, with a quarter
 * for segments that are not cut to the millisecond.
 */
const MOST_HELD_BACK = 2.25;

export type LedgerSegment = z.infer<typeof ledgerSegment>;
export type SegmentState = LedgerSegment['state'];
export type LedgerEntry = z.infer<typeof ledgerEntry>;
export type Ledger = z.infer<typeof ledger>;

export interface LedgerNumber {
  number: number;
  /** It does not continue the one before it, though it is of the same epoch. */
  discontinuity?: boolean;
  /** Undefined: not known. */
  times?: SegmentTimes | undefined;
  /** EpochOptions. */
  form?: string | undefined;
  resumes?: boolean | undefined;
}

export interface LedgerFile extends LedgerNumber {
  /** The distance of the source's key frames, seconds, where segments end with those. */
  gopSeconds?: number;
  rendition: number;
  durationSeconds: number;
  bytes: number;
}

export interface LedgerOptions {
  streamId: string;
  run: string;
  stems: readonly string[];
  window: number;
  segmentSeconds: number;
}

export function createLedger(options: LedgerOptions): Ledger {
  const { streamId, run, stems, window, segmentSeconds } = options;
  return {
    streamId,
    run,
    stems,
    window,
    targetDuration: Math.ceil(segmentSeconds),
    ended: false,
    runStart: 0,
    nextNumber: 0,
    nextMediaSequence: 0,
    discontinuitySequence: 0,
    breakPending: false,
    clock: 0,
    listed: stems.map(() => -1),
    head: stems.map(() => 0),
    entries: [],
  };
}

/**
 * Another run of the same stream id goes on from where the last one was. A run that ended with ENDLIST leaves no viewer
 * behind, so its segments go; otherwise they stay listed, and the target duration covers the longest of them.
 */
export function openRun(ledger: Ledger, options: LedgerOptions): Ledger {
  const entries = ledger.ended ? [] : ledger.entries;
  const longest = Math.max(
    0,
    ...entries.flatMap(entry => entry.segments.map(segment => segment?.durationSeconds ?? 0)),
  );
  const targetDuration = Math.max(
    Math.ceil(options.segmentSeconds),
    Math.min(Math.round(longest), ledger.targetDuration),
  );
  const { run, window } = options;
  const { partTarget: _, ...rest } = ledger;
  // No connection of this run goes on where another run ended.
  const others = entries.map(({ ends, ...entry }) => entry);
  return { ...rest, run, window, targetDuration, entries: others, runStart: ledger.nextNumber };
}

/**
 * A new source of media: its first segment breaks with what was before. Time does not go back, whatever clock it had.
 * @param made renditions that it has; those that viewers have stay. Default: all
 */
export function openEpoch(ledger: Ledger, startedAt: number, made?: readonly number[]): Ledger {
  const all = made && [...new Set([...viewed(ledger), ...made])].toSorted((a, b) => a - b);
  return {
    ...ledger,
    ...(all ? { made: all } : {}),
    breakPending: ledger.nextMediaSequence > 0,
    clock: Math.max(ledger.clock, startedAt),
  };
}

/** Renditions that viewers have. */
export function viewed({ made, entries, stems }: Ledger): readonly number[] {
  if (entries.length === 0) return [];
  return made ?? [...stems.keys()];
}

/** A file is closed and complete on disk. Numbers of one rendition come in order. */
export function addClosed(ledger: Ledger, closed: LedgerFile): Ledger {
  const segment: LedgerSegment = {
    state: 'pending',
    durationSeconds: closed.durationSeconds,
    bytes: closed.bytes,
    key: keyOf(ledger, closed.rendition, closed.number),
  };
  const known = ledger.entries.some(entry => entry.number === closed.number);
  const grown = known ? extendClock(ledger, closed) : appendEntry(ledger, closed);
  const entries = grown.entries.map(entry => {
    if (entry.number === closed.number) return withSegment(entry, closed.rendition, segment);
    // Files before it that were never seen are lost: nothing may wait for them.
    return entry.number < closed.number ? giveUpMissing(ledger, entry, closed.rendition) : entry;
  });
  return advance({ ...grown, entries });
}

/** What became of a file. Too late for an entry that has gone, or that was listed as a gap: viewers have seen that. */
export function settle(ledger: Ledger, rendition: number, number: number, state: 'stored' | 'gap'): Ledger {
  const entries = ledger.entries.map(entry => {
    const segment = entry.segments[rendition];
    if (entry.number !== number || !segment) return entry;
    const frozen = segment.state === 'stored' || entry.mediaSequence <= (ledger.listed[rendition] ?? -1);
    return frozen ? entry : withSegment(entry, rendition, { ...segment, state });
  });
  return advance({ ...ledger, entries });
}

/** FFmpeg is gone: what it did not close in every rendition never comes. */
export function closeEpoch(ledger: Ledger): Ledger {
  const entries = ledger.entries.map(entry =>
    ledger.stems.reduce((rest, _stem, rendition) => giveUpMissing(ledger, rest, rendition), entry),
  );
  return advance({ ...ledger, entries });
}

/** The stream is over: what is not stored by now is a gap, and the playlists get their ENDLIST. */
export function endLedger(ledger: Ledger): Ledger {
  const closed = closeEpoch(ledger);
  const entries = closed.entries.map(entry => ({
    ...entry,
    segments: entry.segments.map(segment =>
      segment?.state === 'pending' ? { ...segment, state: 'gap' as const } : segment,
    ),
  }));
  return { ...advance({ ...closed, entries }), ended: true };
}

/** Numbers below `number` are used up. */
export function skipTo(ledger: Ledger, number: number): Ledger {
  return { ...ledger, nextNumber: Math.max(ledger.nextNumber, number) };
}

/**
 * Moves each rendition's listing forward over what is settled. A listing ends with a stored segment (a gap is listed only
 * when something follows it, so until then it can still be stored) and begins with one. What an upload holds back for
 * too long is passed over: what is listed as a gap stays one.
 */
export function advance(ledger: Ledger): Ledger {
  const listed = ledger.listed.map((last, rendition) => reach(ledger, rendition, last));
  const entries = ledger.entries.map(entry => passedOver(entry, listed));
  const head = ledger.head.map((before, rendition) => {
    const last = listed[rendition] ?? -1;
    const from = Math.max(before, last - ledger.window + 1);
    const first = entries.find(
      entry =>
        entry.mediaSequence >= from && entry.mediaSequence <= last && entry.segments[rendition]?.state === 'stored',
    );
    return first?.mediaSequence ?? before;
  });
  return prune({ ...ledger, entries, listed, head });
}

/** The last media sequence number that a rendition's listing can end with. */
function reach(ledger: Ledger, rendition: number, last: number): number {
  const segments = ledger.entries
    .filter(entry => entry.mediaSequence > last)
    .map(({ mediaSequence, segments }) => ({ mediaSequence, segment: segments[rendition] }));
  // Media closed behind a segment: what waits with it, and how long its upload has taken at least.
  let waiting = segments.reduce((sum, { segment }) => sum + (segment?.durationSeconds ?? 0), 0);
  let reached = last;
  for (const { mediaSequence, segment } of segments) {
    waiting -= segment?.durationSeconds ?? 0;
    const state = segment?.state ?? 'pending';
    if (state === 'pending' && waiting <= MOST_HELD_BACK * ledger.targetDuration) break;
    if (state === 'stored') reached = mediaSequence;
  }
  return reached;
}

function passedOver(entry: LedgerEntry, listed: readonly number[]): LedgerEntry {
  const isPassed = (segment: LedgerSegment | null, rendition: number): boolean =>
    segment?.state === 'pending' && entry.mediaSequence <= (listed[rendition] ?? -1);
  if (!entry.segments.some(isPassed)) return entry;
  return {
    ...entry,
    segments: entry.segments.map((segment, rendition) =>
      segment && isPassed(segment, rendition) ? { ...segment, state: 'gap' as const } : segment,
    ),
  };
}

/**
 * Keeps what is listed, as much again for what still has to be deleted from the store, and what is not listed yet, the
 * last with a bound: after a long outage viewers want the live edge.
 */
function prune(ledger: Ledger): Ledger {
  const keep = ledger.window + 3;
  const made = ledger.made ?? [...ledger.stems.keys()];
  const oldest = Math.min(...made.map(r => ((ledger.listed[r] ?? -1) < 0 ? 0 : (ledger.head[r] ?? 0))));
  const kept = ledger.entries.filter(entry => entry.mediaSequence >= oldest - keep);
  return { ...ledger, entries: kept.slice(-(4 * ledger.window + 20)) };
}

/** What the next new number is: its entry without files. */
export function nextEntry(ledger: Ledger, file: LedgerNumber): LedgerEntry {
  // Only the first segment ever follows nothing.
  const { times, form } = file;
  const followed = ledger.breakPending ? follow(ledger, file) : undefined;
  const isBreak = (ledger.breakPending && !followed?.continues) || file.discontinuity === true;
  const discontinuity = isBreak && ledger.nextMediaSequence > 0;
  return {
    number: file.number,
    mediaSequence: ledger.nextMediaSequence,
    discontinuity,
    discontinuitySequence: ledger.discontinuitySequence + (discontinuity ? 1 : 0),
    programDateTime: followed?.programDateTime ?? ledger.clock,
    ...(times && form !== undefined ? { ends: { pts: times.end, source: times.sourceEnd, form } } : {}),
    segments: ledger.stems.map(() => null),
  };
}

function appendEntry(ledger: Ledger, closed: LedgerFile): Ledger {
  const entry = nextEntry(ledger, closed);
  return {
    ...ledger,
    targetDuration: ledger.entries.length > 0 ? ledger.targetDuration : targetDuration(ledger, closed),
    ended: false,
    breakPending: false,
    discontinuitySequence: entry.discontinuitySequence,
    nextNumber: Math.max(ledger.nextNumber, closed.number + 1),
    nextMediaSequence: ledger.nextMediaSequence + 1,
    clock: entry.programDateTime + closed.durationSeconds * 1000,
    entries: [...ledger.entries, entry],
  };
}

/**
 * Renditions that end at different times have last segments of different lengths: what follows begins after the longest one,
 * whichever was closed first.
 */
function extendClock(ledger: Ledger, { number, durationSeconds }: LedgerFile): Ledger {
  const last = ledger.entries.at(-1);
  if (last?.number !== number) return ledger;
  return { ...ledger, clock: Math.max(ledger.clock, last.programDateTime + durationSeconds * 1000) };
}

/**
 * A segment ends with a key frame: where those are the source's own, it may be longer than was asked for. Known with the first
 * segment, and then kept: EXT-X-TARGETDURATION must not change (RFC 8216bis section 4.4.3.1).
 */
function targetDuration(ledger: Ledger, { gopSeconds: gop = 0 }: LedgerFile): number {
  if (gop <= 0) return ledger.targetDuration;
  // A little less than a whole quotient must not add a key frame: 4.004 / 1.001.
  const longest = Math.ceil(ledger.targetDuration / gop - 0.01) * gop;
  return Math.max(ledger.targetDuration, Math.round(longest));
}

const withSegment = (entry: LedgerEntry, rendition: number, segment: LedgerSegment): LedgerEntry => ({
  ...entry,
  segments: entry.segments.map((old, i) => (i === rendition ? segment : old)),
});

function giveUpMissing(ledger: Ledger, entry: LedgerEntry, rendition: number): LedgerEntry {
  const isMade = ledger.made?.includes(rendition) ?? true;
  if (!isMade || entry.segments[rendition] !== null) return entry;
  const sibling = entry.segments.find(segment => segment !== null);
  return withSegment(entry, rendition, {
    state: 'gap',
    durationSeconds: sibling?.durationSeconds ?? 0,
    bytes: 0,
    key: keyOf(ledger, rendition, entry.number),
  });
}

/** The object key of a rendition's file. */
export function keyOf(ledger: Ledger, rendition: number, number: number): string {
  return `${ledger.streamId}/${segmentFile(ledger.stems[rendition] ?? ledger.streamId, number)}`;
}
