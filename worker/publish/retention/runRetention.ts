import type { HlsOutputDeps, HlsOutputOptions } from '../hlsOutputContract.ts';
import type { Ledger } from '../playlist/ledger.ts';
import type { Recovered } from '../playlist/recovery.ts';
import type { RenderedPlaylist } from '../playlist/renderedPlaylist.ts';
import type { StreamFiles } from '../playlist/streamFiles.ts';
import { EventLists } from '../recording/eventLists.ts';
import { healGaps } from '../recording/healGaps.ts';
import { type FinishedRecording, Recording } from '../recording/recording.ts';
import { RunHistory } from '../recording/runHistory.ts';
import type { StoreError } from '../store/storeError.ts';
import { SegmentRetention } from './segmentRetention.ts';

export interface RetentionEvents {
  onFenced(): void;
  onRefused(error: StoreError): void;
}

/** What the output hands in at the end. */
export interface RetentionEnd {
  ledger: Ledger;
  /** The live multivariant playlist as it is in the store. */
  multivariant: string | undefined;
  endList: boolean;
  signal: AbortSignal;
}

/**
 * What becomes of a run's segments after the live playlist: deleted behind it; or kept, listed on (DVR), and made into a
 * recording.
 */
export class RunRetention {
  /** Renders the live playlists in place of the window; undefined without DVR. */
  readonly render: ((ledger: Ledger, rendition: number) => RenderedPlaylist | undefined) | undefined;
  readonly #deps: HlsOutputDeps;
  readonly #options: HlsOutputOptions;
  readonly #history: RunHistory | undefined;
  readonly #recording: Recording | undefined;
  readonly #retention: SegmentRetention | undefined;
  readonly #released = new AbortController();

  private constructor(deps: HlsOutputDeps, options: HlsOutputOptions, kept?: { history: RunHistory } & Partial<Kept>) {
    this.#deps = deps;
    this.#options = options;
    this.#history = kept?.history;
    this.#recording = kept?.recording;
    this.render = kept?.lists && ((ledger, rendition) => kept.lists?.render(ledger, rendition));
    if (kept) return;
    const { store, log } = deps;
    const { window, renditions, graceSegments = window + 3 } = options;
    const parts = { store, log, graceSegments, signal: this.#released.signal };
    this.#retention = new SegmentRetention({ ...parts, renditions: renditions.length });
  }

  /** Reads back what the run's last owner left of the recording. Throws as recover() does. */
  static async open(
    deps: HlsOutputDeps,
    options: HlsOutputOptions,
    recovered: Recovered & { files: StreamFiles },
    events: RetentionEvents,
    signal: AbortSignal,
  ): Promise<RunRetention> {
    const { record, dvr, run, token: owner } = options;
    if (!record && !dvr) return new RunRetention(deps, options);
    const { ledger, claimed, files } = recovered;
    const { playlistKeys } = files;
    const history = new RunHistory();
    const recording = record
      ? await Recording.open({ ...deps, ...options, playlistKeys, history, events }, ledger, signal)
      : undefined;
    history.absorb(ledger);
    const published = playlistKeys.map(key => claimed.get(key)?.text);
    const lists = dvr ? new EventLists({ history, run, owner, published }) : undefined;
    return new RunRetention(deps, options, { history, ...(recording && { recording }), ...(lists && { lists }) });
  }

  /** The ledger has changed; called before the playlists are made from it. */
  observe(ledger: Ledger): void {
    this.#history?.absorb(ledger);
    this.#retention?.observe(ledger);
    // The end is written by finish(); a draft just before it would only delay it (invariant I8).
    if (!ledger.ended) this.#recording?.update();
  }

  /** A file is in the store, also one that the ledger has given up. */
  setStored(ledger: Ledger, rendition: number, number: number): void {
    this.#history?.setStored(rendition, number);
    this.#retention?.stored(ledger, rendition, number);
  }

  /** This live playlist is in the store. */
  published(rendition: number, playlist: RenderedPlaylist): void {
    this.#retention?.published(rendition, playlist);
  }

  suspend(): void {
    this.#recording?.suspend();
  }

  resume(): void {
    this.#recording?.resume();
  }

  /**
   * Finishes the recording, and has what stays behind deleted when its time has come. Never rejects.
   * @returns the recording's URL, and how many segments were stored from the spool on the way
   */
  async finish(end: RetentionEnd): Promise<{ recordingLink?: string; healed: number }> {
    await this.#retention?.settled();
    if (!end.endList) {
      await this.#recording?.handOver(end.signal);
      return { healed: 0 };
    }
    let healed = 0;
    if (this.#recording) {
      const { stems } = end.ledger;
      await healGaps(
        { ...this.#deps, ...this.#options, stems, signal: end.signal },
        this.#recording.entries,
        (part, own) => {
          this.#history?.setStored(part.rendition, part.number);
          if (own) healed += 1;
        },
      );
    }
    const recorded = await this.#recording?.finish(end.multivariant, end.signal);
    const kept = recorded && (await this.#look(recorded)) ? { recordingLink: recorded.link } : {};
    await this.#retire(end.ledger);
    return { healed, ...kept };
  }

  /** Writes and deletes nothing more. May be called twice. */
  async close(): Promise<void> {
    this.#released.abort();
    await this.#recording?.close();
    await this.#retention?.settled();
  }

  /** Whether the recording is in the store, or will be. */
  async #look({ stored, unfinished }: FinishedRecording): Promise<boolean> {
    const { streamId, run } = this.#options;
    if (unfinished.length === 0) return true;
    try {
      await this.#deps.complete?.({ streamId, run, playlists: unfinished });
      return stored || this.#deps.complete !== undefined;
    } catch (error) {
      this.#deps.log.error({ err: error }, 'no job could be added that completes the recording; it keeps its gaps');
      return stored;
    }
  }

  async #retire({ nextNumber, nextMediaSequence, discontinuitySequence }: Ledger): Promise<void> {
    const { streamId, run } = this.#options;
    if (nextNumber === 0) return;
    try {
      await this.#deps.retire?.({ streamId, run, nextNumber, nextMediaSequence, discontinuitySequence });
    } catch (error) {
      this.#deps.log.error(
        { err: error },
        'no job could be added that deletes the stopped run; its objects stay in the store',
      );
    }
  }
}

interface Kept {
  recording: Recording;
  lists: EventLists;
}
