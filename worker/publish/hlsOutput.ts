import { join } from 'node:path';
import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';
import { withDeadline } from '../../common/withDeadline.ts';
import type { EpochOptions, EpochSink, ResumePoint } from '../segment/segmentEpoch.ts';
import type { HlsOutputDeps, HlsOutputEvents, HlsOutputOptions } from './hlsOutputContract.ts';
import { OutputState } from './outputState.ts';
import { addClosed, closeEpoch, endLedger, type Ledger, openEpoch, settle, viewed } from './playlist/ledger.ts';
import type { LedgerStore } from './playlist/ledgerStore.ts';
import { PlaylistSet } from './playlist/playlistSet.ts';
import { resumeAt } from './playlist/resume.ts';
import { Poster } from './poster.ts';
import { type RecoveredOutput, recoverOutput } from './recoverOutput.ts';
import type { RunRetention } from './retention/runRetention.ts';
import type { ClosedSegment } from './spool/closedSegment.ts';
import { LiveEpoch } from './spool/liveEpoch.ts';
import { StoreError } from './store/storeError.ts';
import { isPermanent, storeFault } from './store/storeFault.ts';
import { UploadGate } from './uploadGate.ts';
import type { UploadOutcome } from './uploads/uploadOutcome.ts';

const FINISH_MS = 15_000;

/** A stream's way from closed segments to playlists in the store. It puts the parts in order; each knows its own job. */
export class HlsOutput implements EpochSink {
  readonly #deps: HlsOutputDeps;
  readonly #options: HlsOutputOptions;
  readonly #events: HlsOutputEvents;
  readonly #log: Logger;
  readonly #copies: LedgerStore;
  readonly #playlists: PlaylistSet;
  readonly #retention: RunRetention;
  readonly #poster: Poster | undefined;
  readonly #state = new OutputState();
  readonly #gate: UploadGate;
  readonly #epochs = new Set<LiveEpoch>();
  #ledger: Ledger;
  #epochCount = 0;
  /** Closed segments whose upload has not settled. */
  #pending = 0;
  /** Closed segments whose upload was given up. */
  #unstored = 0;
  #firstFault: AppError | undefined;
  #finished: Promise<Finished> | undefined;

  private constructor(
    deps: HlsOutputDeps,
    options: HlsOutputOptions,
    events: HlsOutputEvents,
    { recovered, copies, retention }: RecoveredOutput,
  ) {
    this.#deps = deps;
    this.#options = options;
    this.#events = events;
    this.#log = deps.log;
    this.#copies = copies;
    this.#ledger = recovered.ledger;
    this.#retention = retention;
    // Where the store fences, an owner that was replaced cannot do harm.
    this.#gate = new UploadGate(() => deps.fences || this.#state.over.aborted || (deps.isCertain?.() ?? true));
    if (deps.posters) this.#poster = new Poster({ ...deps, ...options, ...deps.posters });
    this.#playlists = new PlaylistSet({
      ...deps,
      ...options,
      claimed: recovered.claimed,
      render: retention.render,
      events: {
        onPlayable: link => events.onPlayable(link),
        onFenced: () => events.onFenced(),
        onStale: () => events.onStale?.(),
        onRefused: error => this.#fault(storeFault(error)),
        onStored: (rendition, text) => retention.published(rendition, text),
        onListed: (ms, file) => events.onListed?.(ms, file),
        onGapListed: file => events.onGapListed?.(file),
      },
    });
    deps.live?.begin(this.#ledger, () => this.#playlists.multivariant);
  }

  /** Goes on where the stream's last owner left off. Throws as recoverOutput() does. */
  static async open(
    deps: HlsOutputDeps,
    options: HlsOutputOptions,
    events: HlsOutputEvents,
    signal?: AbortSignal,
  ): Promise<HlsOutput> {
    try {
      return new HlsOutput(deps, options, events, await recoverOutput(deps, options, events, signal));
    } catch (error) {
      deps.live?.leave();
      throw error;
    }
  }

  /** The number that the next segment gets. */
  get nextNumber(): number {
    return this.#ledger.nextNumber;
  }

  get made(): readonly number[] {
    return viewed(this.#ledger);
  }

  get resumePoint(): ResumePoint | undefined {
    return resumeAt(this.#ledger);
  }

  async openEpoch(startedAt: number, wanted: EpochOptions): Promise<LiveEpoch> {
    // With low latency viewers have parts of a segment that the ledger does not hold.
    const resumes = (wanted.resumes ?? false) && this.#options.latency !== 'low';
    const options = { ...wanted, resumes };
    const { renditions, followsSource } = options;
    const { streamId, run, token } = this.#options;
    this.#ledger = openEpoch(this.#ledger, startedAt, renditions);
    this.#epochCount += 1;
    const record = { streamId, run, token, stems: this.#ledger.stems, firstNumber: this.nextNumber, startedAt };
    let origin: string | undefined;
    try {
      const epoch = await this.#deps.spool.createEpoch(this.#epochCount, record, {
        onDropped: update => this.#events.onDropped?.(update),
      });
      origin = epoch.origin;
      const live: LiveEpoch = new LiveEpoch({
        ...{ ...this.#deps, epoch, record, signal: this.#state.over, gate: this.#gate },
        parts: this.#deps.live?.openEpoch(this.#ledger, followsSource),
        events: {
          onClosed: segment => this.#closed(segment, epoch.dir, options),
          onOutcome: (segment, outcome) => this.#settled(segment, outcome),
          onLeftOut: segment => this.#leftOut(segment),
          onFault: fault => this.#fault(fault),
          onEnd: () => {
            this.#change(closeEpoch(this.#ledger));
            void live.settled().then(() => this.#epochs.delete(live));
          },
        },
      });
      this.#epochs.add(live);
      return live;
    } catch (error) {
      if (origin !== undefined) this.#deps.spool.leaveEpoch(origin);
      throw new AppError('storage_error', `the spool ${this.#deps.spool.dir} cannot be written: ${String(error)}`, {
        cause: error,
      });
    }
  }

  /**
   * The lease is in doubt: where the store cannot fence, writes no playlist and uploads no segment until resume(), since
   * a new owner may be using the same names by then. FFmpeg and the spool go on.
   */
  suspend(): void {
    this.#playlists.suspend();
    this.#retention.suspend();
    if (!this.#deps.fences) this.#gate.close();
  }

  resume(): void {
    this.#playlists.resume();
    this.#retention.resume();
    this.#gate.open();
  }

  /**
   * Waits for the uploads, writes the last playlists, leaves the spool clean. Never rejects.
   * @param options.endList the stream is over (EXT-X-ENDLIST); false: it goes on with another owner
   * @param options.settleMs for how long the end waits for segments that are not stored yet; default: most of `timeoutMs`
   * @returns how many segments are in the spool and not in the store (their jobs stay queued), and the recording's URL
   */
  finish(options: { endList?: boolean; timeoutMs?: number; settleMs?: number } = {}): Promise<Finished> {
    this.#finished ??= this.#finish(options.endList ?? true, options.timeoutMs ?? FINISH_MS, options.settleMs);
    return this.#finished;
  }

  /**
   * Stops at once and writes nothing more (fenced). What is in the spool stays there: uploads that are queued are good
   * under their names, also for the next owner.
   */
  async abandon(): Promise<void> {
    this.#state.enter('abandoned');
    this.#deps.live?.leave();
    this.#copies.stop();
    // Uploads that were held back end: no one waits for them.
    this.#gate.open();
    await Promise.all([this.#playlists.close(), this.#retention.close(), this.#poster?.close()]);
    const epochs = [...this.#epochs];
    await Promise.all(epochs.map(epoch => epoch.close()));
    await Promise.all(epochs.map(epoch => epoch.settled()));
  }

  async #finish(endList: boolean, timeoutMs: number, settleMs = (timeoutMs * 2) / 3): Promise<Finished> {
    const { spool } = this.#deps;
    const { streamId, run } = this.#options;
    const deadline = AbortSignal.timeout(timeoutMs);
    const epochs = [...this.#epochs];
    await Promise.all([...epochs.map(epoch => epoch.close()), this.#poster?.close()]);
    if (endList) this.#deps.live?.end();
    if (!this.#state.enter(endList ? 'ending' : 'handing_over')) return { unstored: this.#unstored + this.#pending };
    if (this.#pending === 0) this.#change(this.#ledger);
    // A third of the time is left for the playlists.
    const settled = Promise.all(epochs.map(epoch => epoch.settled()));
    await withDeadline(settled, settleMs, () => undefined);
    const unstored = this.#unstored + this.#pending;
    if (this.#state.is('abandoned')) return { unstored };
    // What has not settled by now is a gap.
    this.#pending = 0;
    this.#change(this.#ledger);
    const end = { ledger: this.#ledger, multivariant: this.#playlists.multivariant, endList, signal: deadline };
    const [flushed, { healed, ...kept }] = await Promise.all([
      this.#playlists.flush(deadline),
      this.#retention.finish(end),
    ]);
    if (!flushed)
      this.#log.error('the last playlist was not stored before the deadline; viewers keep the one before it');
    if (!endList) this.#deps.live?.leave();
    this.#state.close();
    this.#gate.open();
    await Promise.all([this.#playlists.close(), this.#retention.close()]);
    this.#copies.save(this.#ledger, true);
    await this.#copies.close();
    // Epochs went as they were stored; a dead owner's stay for its uploads.
    await spool.removeEmpty(streamId, run).catch(error => this.#log.warn({ err: error }, 'spool folder not removed'));
    return { unstored: unstored - healed, ...kept };
  }

  #closed(segment: ClosedSegment, dir: string, { followsSource, form, resumes }: EpochOptions): void {
    if (segment.rendition === this.#poster?.rendition) this.#poster.take(join(dir, segment.file));
    this.#pending += 1;
    this.#events.onClosed?.(segment);
    this.#playlists.setInfo(segment.rendition, segment.info);
    this.#playlists.expect(segment);
    const gopSeconds = followsSource ? segment.keySeconds || segment.durationSeconds : 0;
    const partTarget = this.#deps.live?.partTarget;
    const ledger = partTarget === undefined ? this.#ledger : { ...this.#ledger, partTarget };
    this.#change(addClosed(ledger, { ...segment, gopSeconds, form, resumes }));
  }

  #leftOut(segment: ClosedSegment): void {
    const { rendition, number } = segment;
    this.#change(settle(addClosed(this.#ledger, segment), rendition, number, 'gap'));
  }

  #settled(segment: ClosedSegment, outcome: UploadOutcome): void {
    this.#events.onSettled?.(segment);
    // After the end was written it stays: whatever comes later is for a recording.
    if (outcome.kind === 'stored') this.#retention.setStored(this.#ledger, segment.rendition, segment.number);
    const over = this.#state.over.aborted || (this.#state.is('ending') && this.#ledger.ended);
    if (outcome.kind === 'abandoned' || over) return;
    this.#pending -= 1;
    if (outcome.kind === 'stored') this.#playlists.count(segment);
    else this.#failed(segment, outcome.error);
    const state = outcome.kind === 'stored' ? 'stored' : 'gap';
    this.#change(settle(this.#ledger, segment.rendition, segment.number, state));
  }

  #failed(segment: ClosedSegment, error: Error): void {
    this.#unstored += 1;
    this.#log.error({ err: error, file: segment.file }, 'segment not stored; it stays in the spool');
    if (error instanceof StoreError && isPermanent(error.kind)) this.#fault(storeFault(error));
  }

  /** The one place where the ledger's changes go out. */
  #change(ledger: Ledger): void {
    if (this.#state.over.aborted) return;
    this.#ledger = this.#state.is('ending') && this.#pending === 0 ? endLedger(ledger) : ledger;
    this.#deps.live?.update(this.#ledger);
    this.#retention.observe(this.#ledger);
    this.#playlists.update(this.#ledger);
    this.#copies.save(this.#ledger);
  }

  #fault(error: AppError): void {
    if (this.#firstFault) return;
    this.#firstFault = error;
    this.#events.onFault(error);
  }
}

interface Finished {
  unstored: number;
  recordingLink?: string;
}
