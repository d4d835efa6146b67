import type { ResumePoint } from '../../segment/segmentEpoch.ts';
import { isSamePicture, ticksBetween, ticksPerSecond, wrapTicks } from '../../segment/ticks.ts';
import type { Ledger, LedgerEntry, LedgerNumber } from './ledger.ts';

/** Media that is missing up to here is a hole; more is another time. */
const LONGEST_HOLE_TICKS = 30 * ticksPerSecond;

/** Where a connection that is moved to this owner goes on. Undefined: it is not known what viewers have. */
export const resumeAt = ({ entries }: Ledger): ResumePoint | undefined =>
  entries.findLast(({ ends }) => ends !== undefined)?.ends;

/**
 * How the first file of a moved connection follows the last entry: whether it continues its timestamps, and its date-time by the
 * encoder's clock. Undefined: it does not follow.
 */
export function follow(
  ledger: Ledger,
  file: LedgerNumber,
): { continues: boolean; programDateTime: number } | undefined {
  const last = ledger.entries.at(-1);
  if (!file.resumes || !last?.ends || !file.times) return undefined;
  const hole = ticksBetween(last.ends.source, file.times.sourceStart);
  const isNext = isSamePicture(last.ends.source, file.times.sourceStart);
  if (!isNext && (hole < 0 || hole > LONGEST_HOLE_TICKS)) return undefined;
  const continues = isNext && isSamePicture(last.ends.pts, file.times.start) && last.ends.form === file.form;
  const missingMs = isNext ? 0 : (hole * 1_000) / ticksPerSecond;
  return { continues, programDateTime: last.programDateTime + secondsOf(last) * 1_000 + missingMs };
}

/** Ends of entries that only their playlists know: each goes on where the one before ended. */
export function withEnds(entries: readonly LedgerEntry[]): LedgerEntry[] {
  const known: LedgerEntry[] = [];
  for (const entry of entries) {
    const before = known.at(-1)?.ends;
    const goesOn = before !== undefined && entry.ends === undefined && !entry.discontinuity;
    const ticks = secondsOf(entry) * ticksPerSecond;
    known.push(
      goesOn
        ? {
            ...entry,
            ends: { ...before, pts: wrapTicks(before.pts + ticks), source: wrapTicks(before.source + ticks) },
          }
        : entry,
    );
  }
  return known;
}

/**
 * Without the last of what the owner before left unlisted and not whole: a moved connection brings that again, from the router,
 * which keeps two segments and more (ringMs). Numbers stay used.
 */
export function withoutUnlisted(ledger: Ledger): Ledger {
  const reached = Math.max(...ledger.listed);
  const made = ledger.made ?? [...ledger.stems.keys()];
  const isKept = ({ mediaSequence, segments }: LedgerEntry): boolean =>
    mediaSequence <= reached || made.every(rendition => segments[rendition]?.state === 'stored');
  const entries = [...ledger.entries];
  for (let seconds = 0, last = entries.at(-1); last && !isKept(last); last = entries.at(-1)) {
    seconds += secondsOf(last);
    // Of more than that the spool may bring it to a recording still.
    if (seconds > 2 * ledger.targetDuration) break;
    entries.pop();
  }
  const last = entries.at(-1);
  if (!last || entries.length === ledger.entries.length) return ledger;
  return {
    ...ledger,
    entries,
    nextMediaSequence: last.mediaSequence + 1,
    discontinuitySequence: last.discontinuitySequence,
    clock: last.programDateTime + secondsOf(last) * 1_000,
  };
}

const secondsOf = ({ segments }: LedgerEntry): number =>
  Math.max(0, ...segments.map(segment => segment?.durationSeconds ?? 0));
