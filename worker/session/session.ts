import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';
import type { StreamJob } from '../../common/redis/queues.ts';
import type { StreamReason } from '../../common/stream/streamState.ts';
import { withDeadline } from '../../common/withDeadline.ts';
import type { HandOver, StreamWrite } from '../claim/leaseScripts.ts';
import type { RestartBudget } from '../claim/restartBudget.ts';
import type { RunningSession, SessionEnd } from '../claim/runningSession.ts';
import type { StreamLease } from '../claim/streamLease.ts';
import type { HlsOutputEvents } from '../publish/hlsOutputContract.ts';
import type { TranscodeEnd } from '../transcode/transcode.ts';
import { Arrivals } from './arrivals.ts';
import { countLostOwner } from './countLostOwner.ts';
import { encoderGone } from './encoderGone.ts';
import { encoderWindow } from './encoderWindow.ts';
import { endDeadlines } from './endDeadlines.ts';
import { errorField } from './errorField.ts';
import { noEncoder } from './noEncoder.ts';
import { RefusalReports } from './refusalReports.ts';
import type {
  SessionEncoder,
  SessionIngest,
  SessionIngestEvents,
  SessionOutput,
  SessionPhases,
  SessionTimes,
} from './sessionContract.ts';
import { type Ending, SessionEnding } from './sessionEnding.ts';
import { stopReason } from './stopReason.ts';
import { transcodeReports } from './transcodeReports.ts';
import { finishOptions, wantedStop } from './wantedStop.ts';

/** Past the budget, so many owners try to end the playlist. When that itself kills them the next one does without. */
const ENDS_TO_TRY = 3;
/** The part of the lease's deadline (ms) for giving the lease back, after the last write. */
const RELEASE_MS = 3_000;

/**
 * One stream's life on one worker: publish, listen, wait for an encoder, transcode, wait again, end. It only orders the
 * phases; each phase knows its own job.
 */
export class Session implements RunningSession {
  readonly finished: Promise<SessionEnd>;
  readonly offAir: Promise<void>;
  readonly #lease: StreamLease;
  readonly #phases: SessionPhases;
  readonly #times: SessionTimes;
  readonly #budget: Pick<RestartBudget, 'spend' | 'rule'>;
  readonly #place: { node: string; worker: string };
  readonly #log: Logger;
  readonly #ending = new SessionEnding();
  readonly #arrivals = new Arrivals<SessionEncoder>();
  readonly #wentOffAir: () => void;
  #link: string | undefined;
  /** The key of the encoder that is connected was revoked. */
  #isRevoked = false;
  /** Since when (performance.now()) an encoder sends whose first segment viewers do not have yet. */
  #awaitedSince: number | undefined;

  constructor(options: {
    job: StreamJob;
    lease: StreamLease;
    acquiredAt: number;
    phases: SessionPhases;
    times: SessionTimes;
    budget: Pick<RestartBudget, 'spend' | 'rule'>;
    /** The owner before died, or was cut off, after so long. */
    lostAfterMs?: number | undefined;
    /** Where this session runs, for the record. */
    place: { node: string; worker: string };
    log: Logger;
  }) {
    this.#lease = options.lease;
    this.#phases = options.phases;
    this.#times = options.times;
    this.#budget = options.budget;
    this.#place = options.place;
    this.#log = options.log.child({ streamId: options.job.streamId, run: options.job.run });
    const offAir = Promise.withResolvers<void>();
    this.offAir = offAir.promise;
    this.#wentOffAir = offAir.resolve;
    this.finished = this.#run(options.acquiredAt, options.lostAfterMs);
  }

  wake(): void {
    this.#lease.wake();
  }

  handOver(how: HandOver = 'handed_over'): void {
    this.#ending.decide({ kind: 'handed_over', how });
  }

  async #run(acquiredAt: number, lostAfterMs: number | undefined): Promise<SessionEnd> {
    let output: SessionOutput | undefined;
    let ingest: SessionIngest | undefined;
    const { signal } = this.#ending;
    this.#lease.start(
      {
        onStopWanted: reason => this.#ending.decide(wantedStop(reason)),
        onFenced: () => this.#ending.decide({ kind: 'fenced' }),
        onDoubt: () => output?.suspend(),
        onCertain: () => output?.resume(),
        // An ingest that is not open yet reads the record when it is.
        onAccessChanged: () => ingest && this.#rekey(ingest),
      },
      acquiredAt,
    );
    try {
      const left = await countLostOwner(this.#budget, lostAfterMs);
      if (left < -ENDS_TO_TRY) throw this.#lostTooOften();
      // A stop does not abort this: the output that is open then ends the playlist, the recording and what is kept.
      output = await this.#phases.openOutput(this.#outputEvents(), this.#ending.leaving);
      this.#ending.opened();
      if (left < 0) throw this.#lostTooOften();
      signal.throwIfAborted();
      ingest = await this.#phases.openIngest(this.#ingestEvents(), signal);
      await this.#serve(ingest, output);
    } catch (error) {
      this.#failed(AppError.from(error));
    }
    return this.#close(ingest, output);
  }

  #lostTooOften(): AppError {
    return new AppError('transcode_error', `The stream's workers died again and again: ${this.#budget.rule}`);
  }

  #ingestEvents(): SessionIngestEvents {
    const reports = new RefusalReports(this.#lease);
    return { onEncoder: encoder => this.#arrivals.add(encoder), onRefused: refusals => reports.add(refusals) };
  }

  #outputEvents(): HlsOutputEvents {
    return {
      onPlayable: link => {
        this.#link = link;
        if (this.#lease.recorded('streamLink') !== link) this.#playable(link, 'The first playlist is in the store');
      },
      onListed: closedToListedMs => this.#listed(performance.now() - closedToListedMs),
      onDropped: update => {
        const error = errorField({ code: 'storage_error', message: update });
        void this.#lease.write({ fields: { reason: 'segments_dropped', ...error }, event: update });
      },
      onFault: error => this.#fail(error),
      onFenced: () => this.#ending.decide({ kind: 'fenced' }),
      onStale: () => this.#ending.decide({ kind: 'handed_over' }),
    };
  }

  /** @param closedAt when the listed segment was closed: one from before the encoder came proves nothing */
  #listed(closedAt: number): void {
    const link = this.#lease.recorded('streamLink') ?? this.#link;
    if (link === undefined || this.#awaitedSince === undefined || closedAt < this.#awaitedSince) return;
    this.#playable(link, 'The stream plays again');
  }

  #playable(link: string, event: string): void {
    if (this.#awaitedSince !== undefined) this.#phases.onPlayable?.(performance.now() - this.#awaitedSince);
    this.#awaitedSince = undefined;
    void this.#lease.write({ fields: { streamLink: link, reason: 'playable' }, event });
  }

  async #serve(ingest: SessionIngest, output: SessionOutput): Promise<void> {
    const { signal } = this.#ending;
    const takenOver = this.#lease.recorded('srtUrl') !== undefined;
    const { port, srtUrl, urlGeneration } = ingest;
    const place = { ...this.#place, ...ingest.place, port, srtUrl, urlGeneration };
    const handedOver = this.#lease.recorded('handedOver') !== undefined;
    const reason = !takenOver ? 'listening' : handedOver ? 'handed_over' : 'worker_lost';
    void this.#lease.write({
      state: 'READY',
      fields: { ...place, reason, handedOver: '', moved: '', ...noEncoder },
      event: takenOver
        ? 'Another worker has taken the stream over; waiting for the encoder'
        : 'Waiting for the encoder',
    });
    let window = encoderWindow(takenOver ? 'reconnect' : 'connect', this.#times);
    while (!signal.aborted) {
      const encoder = await this.#arrivals.next(window.until - performance.now(), signal);
      if (!encoder) return this.#stop(window.reason, window.message);
      const end = await this.#stream(encoder, output);
      if (signal.aborted) return;
      if (end.cause === 'failed') {
        const { code, message } = end.error ?? new AppError('transcode_error', 'FFmpeg failed');
        return this.#fail(new AppError(code, `${message} (${this.#budget.rule})`, { cause: end.error }));
      }
      // An encoder that never sent a picture does not earn the stream another window.
      if (end.sawPicture) window = encoderWindow('reconnect', this.#times);
      this.#waitAgain(end);
    }
  }

  #rekey(ingest: SessionIngest): void {
    const { disconnected, ...address } = ingest.rekey();
    this.#log.info({ generation: address.urlGeneration, disconnected }, 'stream key rotated');
    if (disconnected > 0) this.#isRevoked = true;
    void this.#lease.write({ fields: address, event: 'A new stream key was made', eventReason: 'key_rotated' });
  }

  async #stream(encoder: SessionEncoder, output: SessionOutput): Promise<TranscodeEnd> {
    void this.#lease.write({
      state: 'STREAMING',
      fields: { reason: 'encoder_connected', keyAccepted: '1', peer: encoder.peer },
      event: 'An encoder is connected',
    });
    this.#log.info({ peer: encoder.peer }, 'encoder connected');
    this.#awaitedSince = performance.now();
    try {
      const { signal, leaving } = this.#ending;
      const reports = transcodeReports(this.#lease, this.#budget);
      return await this.#phases.transcode(encoder, output, { signal, leaving, ...reports });
    } finally {
      this.#awaitedSince = undefined;
      encoder.close();
    }
  }

  #waitAgain(end: TranscodeEnd): void {
    const { reason, event } = encoderGone(end, this.#isRevoked);
    this.#isRevoked = false;
    this.#log.info({ cause: end.cause, reason, err: end.error }, 'encoder disconnected; waiting for it');
    void this.#lease.write({ state: 'READY', fields: { reason, ...noEncoder, ...errorField(end.error) }, event });
  }

  #stop(reason: StreamReason, message: string): void {
    this.#ending.decide({ kind: 'stopped', reason, message });
  }

  #fail(error: AppError): void {
    if (error.code === 'fenced') this.#ending.decide({ kind: 'fenced' });
    else this.#ending.decide({ kind: 'stopped', reason: stopReason(error), message: error.message, error });
  }

  /** A phase threw. Once the end is decided only this can still change it: a newer owner, seen while the output opens. */
  #failed(error: AppError): void {
    const { signal } = this.#ending;
    if (!signal.aborted || error.code === 'fenced') this.#fail(error);
    else if (error.code === 'storage_error')
      this.#log.error({ err: error }, 'the playlist could not be ended with EXT-X-ENDLIST');
  }

  /** Gives back in reverse what was acquired. STOPPED is written last, when it is true. */
  async #close(ingest: SessionIngest | undefined, output: SessionOutput | undefined): Promise<SessionEnd> {
    const ending = this.#ending.cause ?? { kind: 'handed_over' };
    this.#log.info(
      { ending: ending.kind, ...('reason' in ending ? { reason: ending.reason, err: ending.error } : {}) },
      'session ends',
    );
    await this.#attempt('ingest', ingest?.close({ yieldPort: ending.kind !== 'stopped' }));
    this.#wentOffAir();
    if (!ingest && ending.kind === 'stopped') await this.#attempt('port', this.#phases.givePortBack());
    if (ending.kind === 'fenced') {
      await this.#attempt('output', output?.abandon());
      this.#lease.abandon();
      return 'fenced';
    }
    const finished = await this.#attempt('output', output?.finish(finishOptions(ending)));
    if (finished && finished.unstored > 0)
      this.#log.error(finished, 'segments are in the spool, not in the store; the sweep uploads them');
    return this.#endLease(ending, finished?.recordingLink);
  }

  /** What Redis has not confirmed in time is left to the next owner. It finds the stream as it was, and ends it again. */
  async #endLease(ending: Exclude<Ending, { kind: 'fenced' }>, recordingLink = ''): Promise<SessionEnd> {
    const signal = AbortSignal.timeout(endDeadlines.lease - RELEASE_MS);
    const last: StreamWrite | undefined =
      ending.kind === 'stopped'
        ? {
            ...{ state: 'STOPPED', event: ending.message },
            fields: { reason: ending.reason, recordingLink, ...noEncoder, ...errorField(ending.error) },
          }
        : undefined;
    const how = ending.kind === 'stopped' ? 'free' : (ending.how ?? 'handed_over');
    const written = await this.#attempt('lease', this.#lease.end({ ...(last ? { last } : {}), how, signal }));
    if (this.#lease.fenced) return 'fenced';
    if (written) return ending.kind;
    this.#log.error({ ending: ending.kind }, "the stream's end was not written to Redis; its next owner ends it");
    return 'handed_over';
  }

  async #attempt<Result>(
    step: keyof typeof endDeadlines,
    work: Promise<Result> | undefined,
  ): Promise<Result | undefined> {
    try {
      const late = (): undefined => {
        this.#log.error({ step }, "a step of the session's end missed its deadline; the next step begins");
      };
      return work && (await withDeadline(work, endDeadlines[step], late));
    } catch (error) {
      this.#log.error({ err: error, step }, "a step of the session's end failed; the next step begins");
      return undefined;
    }
  }
}
