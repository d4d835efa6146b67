import type { Logger } from '../../../common/createLogger.ts';
import { goBeyond, readNumbering } from '../retention/numbering.ts';
import type { ObjectStore } from '../store/objectStore.ts';
import { retryStore } from '../store/retryStore.ts';
import { type ClaimedPlaylist, claimPlaylist } from './claimPlaylist.ts';
import { closeEpoch, type Ledger, type LedgerOptions, settle, skipTo } from './ledger.ts';
import type { LedgerStore, SavedLedger } from './ledgerStore.ts';
import { VERSION } from './mediaPlaylist.ts';
import { mergeLedger } from './mergeLedger.ts';
import { type ParsedMediaPlaylist, parseMediaPlaylist } from './parseMediaPlaylist.ts';
import { withoutUnlisted } from './resume.ts';
import { type StreamFiles, segmentNumber } from './streamFiles.ts';
import { useUp } from './useUp.ts';

/** Segments that viewers may know of, and the ledger not: the open one, and one whose closing was not saved yet. */
const SHOWN = 2;

/** After an owner that did not end in order: it may have uploads under way that are not in the store yet. */
const MARGIN = 10;

export interface Recovered {
  ledger: Ledger;
  /** Playlists that are in the store, by key. */
  claimed: ReadonlyMap<string, ClaimedPlaylist>;
}

export interface RecoveryOptions {
  store: ObjectStore;
  fences: boolean;
  /** Least time between two PUTs of one playlist (ms). */
  playlistIntervalMs: number;
  copies: LedgerStore;
  files: StreamFiles;
  ledger: LedgerOptions;
  token: string;
  /** The stream had another owner before, which may not know yet that it has lost it. */
  takenOver?: boolean | undefined;
  /** Viewers see a segment before it is closed. */
  showsParts?: boolean;
  /** That owner writes nothing more: it is dead, or ended in order. */
  isLeft?: boolean | undefined;
  /** Its encoder calls routers, which move the connection, with what was sent last. */
  routed?: boolean | undefined;
  log: Logger;
}

/**
 * Where the last owner of the stream left off. The published playlists are read back, and taken over in this owner's
 * name, before anything else: from then on, where the store fences, no former owner can change what viewers have seen. Those of an
 * owner that is gone are taken over with the first write instead, which fails if it is not gone.
 * Throws `fenced`, or the StoreError of a store that refuses or stays away until the signal aborts.
 */
export async function recover(options: RecoveryOptions, signal: AbortSignal): Promise<Recovered> {
  const { files, token, fences, playlistIntervalMs: intervalMs, isLeft, log } = options;
  const playlistKeys = [...files.playlistKeys, ...(files.multivariantKey ? [files.multivariantKey] : [])];
  // A multivariant playlist names only media playlists that are fenced themselves.
  const empty = options.takenOver ? emptyPlaylist(options.ledger) : undefined;
  const emptyOf = (key: string): string | undefined => (key === files.multivariantKey ? undefined : empty);
  const claims = await Promise.all(
    playlistKeys.map(key =>
      retryStore(
        () => claimPlaylist(options.store, { key, token, fences, intervalMs, isLeft, empty: emptyOf(key), signal }),
        signal,
      ),
    ),
  );
  const copy = await options.copies.load();
  const claimed = new Map(claims.filter(claim => claim !== undefined).map(claim => [claim.key, claim]));
  const playlists = files.playlistKeys.map(key => parseMediaPlaylist(claimed.get(key)?.text ?? ''));
  const merged = closeEpoch(withMade(mergeLedger(options.ledger, copy?.ledger, playlists), playlists));
  const sameRun = copy?.ledger.run === options.ledger.run;
  const checked = await checkParts(options, merged, !sameRun, signal);
  const isInOrder = isOrderly(copy, playlists);
  const isMoved = options.takenOver && options.routed && !options.showsParts;
  const kept = isMoved ? withoutUnlisted(checked) : checked;
  const used = await beyondUsed(options, kept, isInOrder, claimed.size > 0, signal);
  const ledger = options.takenOver && options.showsParts && !isInOrder ? useUp(used, SHOWN) : used;
  const { nextNumber, nextMediaSequence, entries } = ledger;
  log.info(
    { nextNumber, nextMediaSequence, listed: entries.length, copy: copy !== undefined },
    'ledger read; publishing begins',
  );
  return { ledger, claimed };
}

/** Without a working copy the published playlists say which renditions are made. */
function withMade(ledger: Ledger, playlists: readonly (ParsedMediaPlaylist | undefined)[]): Ledger {
  const seen = playlists.flatMap((playlist, rendition) => (playlist?.segments.length ? [rendition] : []));
  return ledger.made || seen.length === 0 ? ledger : { ...ledger, made: seen };
}

/** What a media playlist is before its first segment (RFC 8216 section 4.3.3.1). */
const emptyPlaylist = ({ segmentSeconds }: LedgerOptions): string =>
  `#EXTM3U\n#EXT-X-VERSION:${VERSION}\n#EXT-X-TARGETDURATION:${Math.ceil(segmentSeconds)}\n`;

/** In order: the working copy says so, and it is not older than what is published. */
function isOrderly(copy: SavedLedger | undefined, playlists: readonly (ParsedMediaPlaylist | undefined)[]): boolean {
  if (!copy?.closed) return false;
  const last = Math.max(-1, ...playlists.flatMap(p => (p ? [p.mediaSequence + p.segments.length - 1] : [])));
  return last < copy.ledger.nextMediaSequence;
}

/**
 * The first number that is unused. An orderly end left it in the working copy; otherwise it follows from the store's listing, or a note of what was deleted since, and a margin covers uploads that are still on their way.
 */
async function beyondUsed(
  options: RecoveryOptions,
  ledger: Ledger,
  orderly: boolean,
  published: boolean,
  signal: AbortSignal,
): Promise<Ledger> {
  if (orderly) return ledger;
  const highest = await retryStore(() => highestNumber(options.store, ledger.streamId, signal), signal);
  const kept = await retryStore(() => readNumbering(options.store, ledger.streamId, { signal }), signal);
  const beyond = kept ? goBeyond(ledger, kept) : ledger;
  const untouched = highest < 0 && beyond.nextNumber === 0 && !published;
  return untouched ? ledger : skipTo(beyond, Math.max(beyond.nextNumber, highest + 1) + MARGIN);
}

async function highestNumber(store: ObjectStore, streamId: string, signal: AbortSignal): Promise<number> {
  let highest = -1;
  for await (const key of store.list(`${streamId}/`, { signal })) {
    highest = Math.max(highest, segmentNumber(key) ?? -1);
  }
  return highest;
}

/**
 * Asks the store for segments whose upload has no known outcome, and, when another run left the listing behind, for what it lists: what
 * is gone from the bucket since then must not be listed again.
 */
async function checkParts(
  options: RecoveryOptions,
  ledger: Ledger,
  includeListed: boolean,
  signal: AbortSignal,
): Promise<Ledger> {
  const questions = ledger.entries.flatMap(({ number, mediaSequence, segments }) =>
    segments.flatMap((segment, rendition) => {
      const listed = mediaSequence <= (ledger.listed[rendition] ?? -1);
      const inWindow = listed && mediaSequence >= (ledger.head[rendition] ?? 0);
      const asks =
        segment && (listed ? includeListed && inWindow && segment.state === 'stored' : segment.state === 'pending');
      return asks ? [{ number, mediaSequence, rendition, listed, key: segment.key }] : [];
    }),
  );
  const answers = await Promise.all(
    questions.map(async question => ({
      ...question,
      there: (await retryStore(() => options.store.head(question.key, { signal }), signal)) !== undefined,
    })),
  );
  const goneUpTo = Math.max(-1, ...answers.filter(a => a.listed && !a.there).map(a => a.mediaSequence));
  const kept = { ...ledger, entries: ledger.entries.filter(entry => entry.mediaSequence > goneUpTo) };
  return answers
    .filter(answer => !answer.listed)
    .reduce<Ledger>(
      (rest, { rendition, number, there }) => settle(rest, rendition, number, there ? 'stored' : 'gap'),
      kept,
    );
}
