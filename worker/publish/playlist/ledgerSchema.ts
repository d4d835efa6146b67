import { z } from 'zod';

/** One rendition's file of an entry. */
export const ledgerSegment = z.object({
  /** `pending`: closed, not stored yet. `gap`: given up or passed over; listed as EXT-X-GAP once something stored follows it. */
  state: z.enum(['pending', 'stored', 'gap']),
  durationSeconds: z.number(),
  bytes: z.number(),
  key: z.string(),
});

/** One stretch of media, the same in every rendition. */
export const ledgerEntry = z.object({
  /** Of the file; may skip, never repeats. */
  number: z.number(),
  /** Of the playlist; consecutive. */
  mediaSequence: z.number(),
  discontinuity: z.boolean(),
  /** Discontinuities from the stream's beginning up to and with this entry (RFC 8216 section 6.2.1). */
  discontinuitySequence: z.number(),
  /** Wall clock of the first frame, ms since 1970. */
  programDateTime: z.number(),
  /** Where it ends (ResumePoint). Absent: not known. */
  ends: z.object({ pts: z.number(), source: z.number(), form: z.string() }).optional(),
  /** By rendition; null: its file is not closed yet. */
  segments: z.array(ledgerSegment.nullable()).readonly(),
});

/** A stream's published and coming segments over all renditions. Plain data: it goes to Redis as JSON. */
export const ledger = z.object({
  streamId: z.string(),
  run: z.string(),
  /** By rendition, what its files' names start with (streamFiles.ts). */
  stems: z.array(z.string()).readonly(),
  /** Renditions that are made in this run, as places in `stems`; undefined: all. */
  made: z.array(z.number()).readonly().optional(),
  /** Segments that a live playlist lists at most. */
  window: z.number(),
  /** Whole seconds; constant within a run. */
  targetDuration: z.number(),
  /** Seconds; constant within a run. Undefined: no part was made. */
  partTarget: z.number().optional(),
  ended: z.boolean(),
  /** Segments from this number on are this run's. */
  runStart: z.number().default(0),
  nextNumber: z.number(),
  nextMediaSequence: z.number(),
  discontinuitySequence: z.number(),
  /** The next entry does not continue the last one's timestamps. */
  breakPending: z.boolean(),
  /** Program date-time of the next entry, ms. */
  clock: z.number(),
  /** By rendition, the last media sequence number that was listed; -1: none. */
  listed: z.array(z.number()).readonly(),
  /** By rendition, the media sequence number of the playlist's first segment. Never goes back. */
  head: z.array(z.number()).readonly(),
  entries: z.array(ledgerEntry).readonly(),
});
