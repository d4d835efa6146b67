import { basename } from 'node:path';
import type { Logger } from '../../../common/createLogger.ts';
import type { RecordingJob } from '../../../common/redis/queues.ts';
import { type ClaimedPlaylist, claimPlaylist } from '../playlist/claimPlaylist.ts';
import type { Ledger, LedgerEntry } from '../playlist/ledger.ts';
import { parseMediaPlaylist } from '../playlist/parseMediaPlaylist.ts';
import { PlaylistWriter } from '../playlist/playlistWriter.ts';
import { recordingFiles } from '../playlist/streamFiles.ts';
import type { ObjectStore } from '../store/objectStore.ts';
import { retryStore } from '../store/retryStore.ts';
import type { StoreError } from '../store/storeError.ts';
import { recordingPlaylist, renameVariants } from './recordingPlaylist.ts';
import type { RunHistory } from './runHistory.ts';

const MOST_DRAFT_MS = 30_000;
const LEAST_DRAFT_MS = 5_000;

export interface RecordingOptions {
  store: ObjectStore;
  fences: boolean;
  playlistIntervalMs: number;
  isCertain?: () => boolean;
  streamId: string;
  run: string;
  token: string;
  /** By rendition, the live playlists' keys. */
  playlistKeys: readonly string[];
  abr: boolean;
  segmentSeconds: number;
  window: number;
  history: RunHistory;
  events: { onFenced(): void; onRefused(error: StoreError): void };
  log: Logger;
}

export interface FinishedRecording {
  link: string;
  /** Every playlist of it is in the store. */
  stored: boolean;
  /** What is still to be done later. */
  unfinished: RecordingJob['playlists'];
}

/**
 * A run's recording in the store. While the run is live a draft is there, an EVENT playlist: it is where a new owner finds
 * what has left the live playlist and the working copy, so it is renewed before anything leaves both. At the end it is
 * replaced by the VOD playlist, under the same name.
 */
export class Recording {
  readonly #options: RecordingOptions;
  readonly #history: RunHistory;
  readonly #writers: readonly PlaylistWriter[];
  readonly #multivariant: PlaylistWriter | undefined;
  readonly #draftMs: number;
  /** Segments from this number on are the run's. */
  readonly #runStart: number;
  #draftedAt = Number.NEGATIVE_INFINITY;

  private constructor(options: RecordingOptions, claimed: ReadonlyMap<string, ClaimedPlaylist>, runStart: number) {
    this.#options = options;
    this.#history = options.history;
    this.#runStart = runStart;
    const { streamId, run, abr, playlistKeys, segmentSeconds, window } = options;
    const files = recordingFiles(streamId, run, abr ? playlistKeys.length : undefined);
    this.#writers = files.playlistKeys.map(key => this.#writer(key, claimed));
    const { multivariantKey } = files;
    this.#multivariant = multivariantKey === undefined ? undefined : this.#writer(multivariantKey, claimed);
    this.#draftMs = Math.min(MOST_DRAFT_MS, Math.max(LEAST_DRAFT_MS, (window - 1) * segmentSeconds * 1000));
  }

  /** Takes over what the last owner of the run left, and reads it back into the history. */
  static async open(options: RecordingOptions, ledger: Ledger, signal: AbortSignal): Promise<Recording> {
    const { store, token, fences, playlistIntervalMs: intervalMs, streamId, run, abr, playlistKeys } = options;
    const files = recordingFiles(streamId, run, abr ? playlistKeys.length : undefined);
    const keys = [...files.playlistKeys, ...(files.multivariantKey ? [files.multivariantKey] : [])];
    const claims = await Promise.all(
      keys.map(key => retryStore(() => claimPlaylist(store, { key, token, fences, intervalMs, signal }), signal)),
    );
    const claimed = new Map(claims.filter(claim => claim !== undefined).map(claim => [claim.key, claim]));
    const drafts = files.playlistKeys.map(key => parseMediaPlaylist(claimed.get(key)?.text ?? ''));
    options.history.restore(ledger, drafts);
    // A run whose working copy is lost is known by its drafts: nothing after their first segment is another run's.
    const first = drafts.some(draft => draft?.segments.length) ? options.history.entries[0]?.number : undefined;
    return new Recording(options, claimed, Math.min(ledger.runStart, first ?? ledger.runStart));
  }

  get entries(): readonly LedgerEntry[] {
    const all = this.#history.entries;
    return (all[0]?.number ?? 0) >= this.#runStart ? all : all.filter(entry => entry.number >= this.#runStart);
  }

  /** Something has been stored: writes the draft if it is due. */
  update(): void {
    const now = performance.now();
    if (now - this.#draftedAt < this.#draftMs) return;
    if (this.#write(false).some(text => text !== undefined)) this.#draftedAt = now;
  }

  suspend(): void {
    for (const writer of this.#all()) writer.suspend();
  }

  resume(): void {
    for (const writer of this.#all()) writer.resume();
  }

  /** The run goes on with another owner: leaves it a draft that lacks nothing. */
  async handOver(signal: AbortSignal): Promise<void> {
    this.#write(false);
    await Promise.all(this.#writers.map(writer => writer.flush(signal)));
  }

  /**
   * Writes the recording; undefined when nothing was recorded.
   * @param multivariant the live multivariant playlist
   */
  async finish(multivariant: string | undefined, signal: AbortSignal): Promise<FinishedRecording | undefined> {
    const { store, log } = this.#options;
    const texts = this.#write(true);
    const first = texts.findIndex(text => text !== undefined);
    const stored = await Promise.all(this.#writers.map(writer => writer.flush(signal)));
    let key = this.#writers[first]?.key;
    if (key === undefined) return undefined;
    const unfinished = this.#unfinished(stored);
    if (this.#multivariant && multivariant !== undefined) {
      key = this.#multivariant.key;
      const text = this.#renamed(multivariant);
      this.#multivariant.write(text);
      stored.push(await this.#multivariant.flush(signal));
      if (!stored.at(-1)) unfinished.push({ key, text });
    }
    if (unfinished.length > 0)
      log.warn({ keys: unfinished.map(playlist => playlist.key) }, 'the recording is incomplete; a job completes it');
    return { link: store.publicUrl(key), stored: stored.every(Boolean), unfinished };
  }

  async close(): Promise<void> {
    await Promise.all(this.#all().map(writer => writer.close()));
  }

  /** By rendition, what is wanted in the store; undefined where nothing is stored. */
  #write(ended: boolean): (string | undefined)[] {
    const { entries } = this;
    return this.#writers.map((writer, rendition) => {
      const text = recordingPlaylist(entries, rendition, { owner: this.#options.token, ended });
      if (text !== undefined) writer.write(text);
      return text;
    });
  }

  /** Playlists that are not stored, or lack something. */
  #unfinished(stored: readonly boolean[]): RecordingJob['playlists'] {
    const options = { owner: this.#options.token, ended: true, lastGaps: true };
    return this.#writers.flatMap(({ key }, rendition) => {
      const text = recordingPlaylist(this.entries, rendition, options);
      const isWhole = text === undefined || (stored[rendition] && !text.includes('#EXT-X-GAP\n'));
      return isWhole ? [] : [{ key, text }];
    });
  }

  #renamed(multivariant: string): string {
    const { entries } = this;
    const names = this.#options.playlistKeys.flatMap((live, rendition): [string, string][] => {
      const there = entries.some(({ segments }) => segments[rendition]?.state === 'stored');
      return there ? [[basename(live), basename(this.#writers[rendition]?.key ?? '')]] : [];
    });
    return renameVariants(multivariant, new Map(names));
  }

  #all(): PlaylistWriter[] {
    return [...this.#writers, ...(this.#multivariant ? [this.#multivariant] : [])];
  }

  #writer(key: string, claimed: ReadonlyMap<string, ClaimedPlaylist>): PlaylistWriter {
    const { store, token, fences, playlistIntervalMs, isCertain, log, events } = this.#options;
    return new PlaylistWriter({
      ...{ store, key, token, fences, log, intervalMs: playlistIntervalMs, etag: claimed.get(key)?.etag },
      ...(isCertain ? { isCertain } : {}),
      events: {
        onStored: () => undefined,
        onFenced: () => events.onFenced(),
        onRefused: error => events.onRefused(error),
      },
    });
  }
}
