import { basename } from 'node:path';
import type { Rendition } from '../../../common/config/encoding.ts';
import type { Logger } from '../../../common/createLogger.ts';
import type { ClosedSegment, SegmentInfo } from '../spool/closedSegment.ts';
import type { ObjectStore } from '../store/objectStore.ts';
import type { StoreError } from '../store/storeError.ts';
import type { ClaimedPlaylist } from './claimPlaylist.ts';
import type { Ledger } from './ledger.ts';
import { mediaPlaylist } from './mediaPlaylist.ts';
import { MultivariantWriter } from './multivariantWriter.ts';
import { PlaylistWriter } from './playlistWriter.ts';
import type { RenderedPlaylist } from './renderedPlaylist.ts';
import { type StreamFiles, streamFiles } from './streamFiles.ts';

export interface PlaylistSetEvents {
  /** Once: the first playlists are in the store; for a ladder the multivariant playlist too. */
  onPlayable(link: string): void;
  onFenced(): void;
  /** The last owner has written since its playlists were read: they have to be read again. */
  onStale?(): void;
  onRefused(error: StoreError): void;
  onListed?(latencyMs: number, file: string): void;
  /** The segment is in its playlist as EXT-X-GAP. */
  onGapListed?(file: string): void;
  /** This version of a media playlist is in the store. */
  onStored?(rendition: number, playlist: RenderedPlaylist): void;
}

interface PlaylistSetOptions {
  store: ObjectStore;
  fences: boolean;
  playlistIntervalMs: number;
  isCertain?: () => boolean;
  log: Logger;
  streamId: string;
  token: string;
  abr: boolean;
  renditions: readonly Rendition[];
  segmentSeconds: number;
  claimed: ReadonlyMap<string, ClaimedPlaylist>;
  /** Makes the media playlists; default: the window of the ledger. */
  render?: ((ledger: Ledger, rendition: number) => RenderedPlaylist | undefined) | undefined;
  events: PlaylistSetEvents;
}

/** All playlists of one stream: media playlists first, the multivariant one when each of them can be played. */
export class PlaylistSet {
  readonly #options: PlaylistSetOptions;
  readonly #files: StreamFiles;
  readonly #writers: readonly PlaylistWriter[];
  readonly #multivariant: { writer: PlaylistWriter; contents: MultivariantWriter } | undefined;
  /** By rendition, the text that was wanted last. */
  readonly #texts: (string | undefined)[];
  readonly #stored = new Set<string>();
  /** By rendition, closed segments that are not listed yet. */
  readonly #expected: ClosedSegment[][];
  #multivariantText: string | undefined;
  /** Renditions that are made (Ledger.made). */
  #made: readonly number[];
  #playable = false;

  constructor(options: PlaylistSetOptions) {
    this.#options = options;
    this.#files = streamFiles(options.streamId, options.abr ? options.renditions.length : undefined);
    this.#texts = this.#files.playlistKeys.map(key => options.claimed.get(key)?.text);
    this.#expected = this.#files.stems.map(() => []);
    this.#made = [...this.#files.stems.keys()];
    this.#writers = this.#files.playlistKeys.map(key => this.#writer(key));
    const { multivariantKey, playlistKeys } = this.#files;
    if (multivariantKey === undefined) return;
    this.#multivariantText = options.claimed.get(multivariantKey)?.text;
    const writer = this.#writer(multivariantKey, text => {
      this.#multivariantText = text;
    });
    const uris = playlistKeys.map(key => basename(key));
    this.#multivariant = {
      writer,
      contents: new MultivariantWriter({ ...options, owner: options.token, writer, uris }),
    };
  }

  /** The multivariant playlist as it is in the store. */
  get multivariant(): string | undefined {
    return this.#multivariantText;
  }

  update(ledger: Ledger): void {
    const { token, render = mediaPlaylist } = this.#options;
    this.#made = ledger.made ?? this.#made;
    this.#writers.forEach((writer, rendition) => {
      const playlist = render(ledger, rendition, token);
      if (playlist === undefined || playlist.text === this.#texts[rendition]) return;
      this.#texts[rendition] = playlist.text;
      writer.write(playlist.text, () => this.#listed(rendition, playlist));
    });
    if (ledger.ended) this.#updateMultivariant(true);
  }

  /** A segment is closed: measures how long it takes until it is listed. */
  expect(segment: ClosedSegment): void {
    const expected = this.#expected[segment.rendition];
    expected?.push(segment);
    // One that leaves the window before it is listed must not be waited for.
    if (expected && expected.length > 100) expected.shift();
  }

  /** A segment is stored: counts for the bandwidths. */
  count(segment: ClosedSegment): void {
    this.#multivariant?.contents.count(segment.rendition, segment);
  }

  setInfo(rendition: number, info: SegmentInfo): void {
    this.#multivariant?.contents.setInfo(rendition, info);
    this.#updateMultivariant();
  }

  suspend(): void {
    for (const writer of this.#all()) writer.suspend();
  }

  resume(): void {
    for (const writer of this.#all()) writer.resume();
  }

  /** True when all that is wanted is in the store. */
  async flush(signal: AbortSignal): Promise<boolean> {
    const flushed = await Promise.all(this.#all().map(writer => writer.flush(signal)));
    return flushed.every(Boolean);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all().map(writer => writer.close()));
  }

  #all(): PlaylistWriter[] {
    return [...this.#writers, ...(this.#multivariant ? [this.#multivariant.writer] : [])];
  }

  #writer(key: string, onStored: (text: string) => void = () => undefined): PlaylistWriter {
    const { store, token, fences, playlistIntervalMs, log, claimed, events, isCertain } = this.#options;
    return new PlaylistWriter({
      store,
      key,
      token,
      fences,
      intervalMs: playlistIntervalMs,
      etag: claimed.get(key)?.etag,
      writtenAt: claimed.get(key)?.writtenAt,
      ...(isCertain ? { isCertain } : {}),
      log,
      events: {
        onStored: text => {
          this.#stored.add(key);
          onStored(text);
          this.#checkPlayable();
        },
        onFenced: () => events.onFenced(),
        onStale: () => events.onStale?.(),
        onRefused: error => events.onRefused(error),
      },
    });
  }

  /** The playlist is in the store: what it lists is no longer expected. */
  #listed(rendition: number, playlist: RenderedPlaylist): void {
    this.#updateMultivariant();
    const now = Date.now();
    const { events } = this.#options;
    const { first, last, gaps } = playlist.listed;
    const expected = this.#expected[rendition] ?? [];
    for (const { number, file, closedAt } of expected) {
      // Before `first`: it has left the window without having been listed.
      if (number < first || number > last) continue;
      if (gaps.has(number)) events.onGapListed?.(file);
      else events.onListed?.(now - closedAt, file);
    }
    this.#expected[rendition] = expected.filter(({ number }) => number > last);
    events.onStored?.(rendition, playlist);
  }

  #updateMultivariant(last = false): void {
    if (this.#madeKeys().every(key => this.#stored.has(key))) this.#multivariant?.contents.update(this.#made, last);
  }

  #madeKeys(): string[] {
    return this.#made.flatMap(rendition => this.#files.playlistKeys[rendition] ?? []);
  }

  #checkPlayable(): void {
    const { multivariantKey, linkKey } = this.#files;
    const needed = [...this.#madeKeys(), ...(multivariantKey === undefined ? [] : [multivariantKey])];
    if (this.#playable || !needed.every(key => this.#stored.has(key))) return;
    this.#playable = true;
    this.#options.events.onPlayable(this.#options.store.publicUrl(linkKey));
  }
}
