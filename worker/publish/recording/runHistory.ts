import { keyOf, type Ledger, type LedgerEntry, type LedgerSegment } from '../playlist/ledger.ts';
import type { ParsedMediaPlaylist } from '../playlist/parseMediaPlaylist.ts';
import { segmentNumber } from '../playlist/streamFiles.ts';

/** What a segment is, when its playlist was all that was left of it. */
const UNKNOWN_SEQUENCE = -1;

/**
 * Every segment of a run that the ledger has ever held, in order: what is stored late is stored here, also when it has
 * left the ledger or was published as a gap. Some 500 bytes for each segment and rendition.
 */
export class RunHistory {
  #entries: LedgerEntry[] = [];
  readonly #places = new Map<number, number>();

  /** In the order of their numbers. */
  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  /** Takes over what is new in the ledger. The ledger is short, so this costs the same after eight hours. */
  absorb(ledger: Ledger): void {
    for (const entry of ledger.entries) this.#put(entry);
  }

  /** Reads the recording's drafts (by rendition) back. */
  restore(ledger: Ledger, drafts: readonly (ParsedMediaPlaylist | undefined)[]): void {
    for (const [rendition, draft] of drafts.entries()) {
      for (const { uri, durationSeconds, gap, discontinuity, programDateTime = 0 } of draft?.segments ?? []) {
        const number = segmentNumber(uri);
        if (number === undefined) continue;
        // What another rendition's draft does not list was not stored by then.
        const segments = ledger.stems.map((_, i): LedgerSegment => {
          const state = i === rendition && !gap ? 'stored' : 'gap';
          return { state, durationSeconds, bytes: 0, key: keyOf(ledger, i, number) };
        });
        this.#put({
          ...{ number, discontinuity, programDateTime, mediaSequence: UNKNOWN_SEQUENCE, discontinuitySequence: 0 },
          segments,
        });
      }
    }
  }

  /** A file is in the store, whenever it got there. */
  setStored(rendition: number, number: number): void {
    const place = this.#places.get(number);
    const entry = place === undefined ? undefined : this.#entries[place];
    if (place === undefined || !entry) return;
    const segments = entry.segments.map((segment, i) =>
      i === rendition && segment ? { ...segment, state: 'stored' as const } : segment,
    );
    this.#entries[place] = { ...entry, segments };
  }

  /** The entries after a media sequence number, up to and with another. Costs as much as there are after it. */
  between(after: number, last: number): LedgerEntry[] {
    const found: LedgerEntry[] = [];
    for (let i = this.#entries.length - 1; i >= 0; i -= 1) {
      const entry = this.#entries[i];
      // A draft may hold what was never listed live: it has no place in the live numbering.
      if (!entry || entry.mediaSequence === UNKNOWN_SEQUENCE) continue;
      if (entry.mediaSequence <= after) break;
      if (entry.mediaSequence <= last) found.push(entry);
    }
    return found.reverse();
  }

  #put(entry: LedgerEntry): void {
    const place = this.#places.get(entry.number);
    const known = place === undefined ? undefined : this.#entries[place];
    if (place !== undefined && known) {
      this.#entries[place] = known === entry ? known : merge(known, entry);
      return;
    }
    this.#entries.push(entry);
    this.#places.set(entry.number, this.#entries.length - 1);
    const before = this.#entries.at(-2);
    if (before && before.number > entry.number) this.#sort();
  }

  #sort(): void {
    this.#entries.sort((a, b) => a.number - b.number);
    for (const [place, { number }] of this.#entries.entries()) this.#places.set(number, place);
  }
}

/** What is stored stays stored; of the rest the ledger knows more. */
function merge(known: LedgerEntry, entry: LedgerEntry): LedgerEntry {
  const segments = known.segments.map((segment, rendition) => {
    const now = entry.segments[rendition] ?? null;
    return segment?.state === 'stored' || now === null ? segment : now;
  });
  const newer = entry.mediaSequence === UNKNOWN_SEQUENCE ? known : entry;
  return { ...newer, segments };
}
