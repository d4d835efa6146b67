import type { Readable } from 'node:stream';
import type { AppError } from '../../common/errors.ts';
import { ContinuityCheck } from '../segment/continuityCheck.ts';
import { type PacketKind, TsInspector } from '../segment/ts/tsInspector.ts';
import { packetBytes, TsPackets } from '../segment/ts/tsPackets.ts';
import { audioSilentSeconds } from './audioSilentSeconds.ts';
import { chooseInputs, type Inputs, isSameInputs } from './chooseInputs.ts';
import { InputProbe } from './inputProbe.ts';
import { MediaSpan } from './mediaSpan.ts';
import { PictureJudge } from './pictureJudge.ts';
import type { SourceFigures } from './sourceFigures.ts';
import type { TranscodeLimits } from './transcodeLimits.ts';

/**
 * One connection's media, cut into spans, each for an FFmpeg process of its own. A cut falls on the random access point at
 * which the inputs have changed: no byte is lost or given twice. Two spans are held at most,
 * the one that is read and the next, and `heldBytes` of both: past that, media is not read. While no span is wanted, media
 * is read and dropped.
 */
export class MediaSpans {
  readonly #media: Readable;
  readonly #signal: AbortSignal;
  readonly #limits: TranscodeLimits;
  readonly #packets = new TsPackets();
  readonly #inspector = new TsInspector();
  readonly #continuity = new ContinuityCheck();
  readonly #judge: PictureJudge;
  readonly #finish = () => this.#end();
  /** Until the first span begins. */
  #probe: InputProbe | undefined;
  #timer: NodeJS.Timeout;
  #bytes = 0;
  /** The span that takes what comes. */
  #open: MediaSpan | undefined;
  /** The span that was handed out last. */
  #reading: MediaSpan | undefined;
  /** Begun, not yet handed out. */
  #ready: MediaSpan | undefined;
  /** What came after the end of `#ready`, from the first packet of a third span on. */
  #behind: { inputs: Inputs; packets: Buffer } | undefined;
  #waiting: { since: number; span: PromiseWithResolvers<MediaSpan | undefined> } | undefined;
  /** Seconds of video when a new span was asked for, whatever the inputs. */
  #cutWantedAt: number | undefined;
  #continuityErrors = 0;
  #isOver = false;
  #refusal: AppError | undefined;

  constructor(options: { media: Readable; signal: AbortSignal; limits: TranscodeLimits }) {
    this.#media = options.media;
    this.#signal = options.signal;
    this.#limits = options.limits;
    this.#judge = new PictureJudge(options.limits);
    this.#probe = new InputProbe(this.#inspector, this.#judge, options.limits);
    this.#timer = setTimeout(() => this.#refuse(), options.limits.nothingMs);
    this.#media.on('error', this.#finish).on('close', this.#finish).on('end', this.#finish);
    this.#signal.addEventListener('abort', this.#finish);
    if (this.#media.destroyed || this.#media.readableEnded || this.#signal.aborted) this.#end();
    else this.#media.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /** No media comes any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** @param now `performance.now()` */
  figures(now: number): SourceFigures {
    const { keySeconds, jumps, streams } = this.#inspector;
    return {
      ...{ keySeconds, jumps, continuityErrors: this.#continuityErrors },
      audioSilentSeconds: streams && audioSilentSeconds(streams, pid => this.#inspector.silentMs(pid, now)),
    };
  }

  /** What was wrong with the input, when media ended before a span could begin. */
  get complaint(): AppError | undefined {
    return this.#bytes > 0 ? this.#probe?.refusal(this.#bytes) : undefined;
  }

  /**
   * The next span, as soon as it begins; undefined when media is over. Rejects with `input_invalid` when no video shows.
   * Call it again when the span before has been read to its end, or was given up with `abandon`.
   */
  async next(): Promise<MediaSpan | undefined> {
    const ready = this.#ready;
    if (ready !== undefined && !this.#signal.aborted) {
      this.#ready = undefined;
      this.#reading = ready;
      this.#takeBehind();
      this.#resume();
      return ready;
    }
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#isOver) return undefined;
    this.#waiting = { since: this.#inspector.videoSeconds, span: Promise.withResolvers() };
    return this.#waiting.span.promise;
  }

  /** Begins a new span at the next random access point, though the inputs stay as they are. */
  cutAtNextKey(): void {
    this.#cutWantedAt ??= this.#inspector.videoSeconds;
  }

  /** Gives up all that has begun; media is dropped until the next span is wanted. */
  abandon(): void {
    for (const span of [this.#reading, this.#ready, this.#open]) span?.destroy();
    this.#reading = undefined;
    this.#ready = undefined;
    this.#behind = undefined;
    this.#open = undefined;
    this.#media.resume();
  }

  /** Ends everything and destroys the media. May be called twice. */
  close(): void {
    this.#end();
    this.abandon();
    this.#media.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#noteBytes(chunk.length);
    const packets = this.#packets.push(chunk);
    this.#continuityErrors += this.#continuity.errorsIn(packets);
    if (this.#behind !== undefined) this.#behind.packets = Buffer.concat([this.#behind.packets, packets]);
    else if (this.#probe === undefined) this.#route(packets, 0);
    else this.#look(this.#probe, packets);
  }

  #look(probe: InputProbe, packets: Buffer): void {
    const now = performance.now();
    probe.push(packets, now);
    this.#tryStart(probe, now, false);
    if (probe.isHopeless(this.#bytes, now)) this.#refuse();
  }

  #noteBytes(length: number): void {
    if (this.#bytes === 0) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#refuse(), this.#limits.noVideoMs);
    }
    this.#bytes += length;
  }

  #tryStart(probe: InputProbe, now: number, isLast: boolean): void {
    const start = probe.start(now, isLast);
    if (start === undefined) return;
    this.#probe = undefined;
    clearTimeout(this.#timer);
    this.#begin(start.inputs, start.startedAt);
    for (const packets of start.held) this.#add(packets);
  }

  /** @param inspected so many bytes at the start were seen by the inspector before */
  #route(packets: Buffer, inspected: number): void {
    const now = performance.now();
    let from = 0;
    for (let at = inspected; at < packets.length; at += packetBytes) {
      if (!this.#inspector.concerns(packets, at)) continue;
      const packet = packets.subarray(at, at + packetBytes);
      const kind = this.#inspector.push(packet, now);
      const fault = this.#judge.fault(this.#inspector, kind);
      const inputs = fault === undefined ? this.#cutHere(kind, now) : undefined;
      if (fault !== undefined || inputs !== undefined) {
        this.#add(packets.subarray(from, at));
        from = at;
      }
      if (fault !== undefined) {
        this.#refuseWith(fault);
        return;
      }
      if (inputs !== undefined && this.#ready !== undefined) {
        this.#wait(inputs, packets.subarray(at));
        return;
      }
      if (inputs !== undefined) this.#begin(inputs, Date.now());
    }
    this.#add(packets.subarray(from));
  }

  /** Two spans are there already: what comes has to wait until the first has been read. */
  #wait(inputs: Inputs, packets: Buffer): void {
    this.#open?.cut(this.#cutWantedAt === undefined ? 'inputs' : 'wanted');
    this.#behind = { inputs, packets };
    this.#media.pause();
  }

  #takeBehind(): void {
    if (this.#behind === undefined) return;
    const { inputs, packets } = this.#behind;
    this.#behind = undefined;
    this.#begin(inputs, Date.now());
    this.#route(packets, packetBytes);
  }

  /** The inputs of the span that begins at this packet; undefined: none does. */
  #cutHere(kind: PacketKind, now: number): Inputs | undefined {
    if (kind === 'rest' || (this.#open === undefined && this.#waiting === undefined)) return undefined;
    if (kind === 'picture' && !this.#isTiredOfWaiting()) return undefined;
    const isCarried = (pid: number) => this.#inspector.silentMs(pid, now) <= this.#limits.audioGoneMs;
    const chosen = chooseInputs(this.#inspector.streams ?? [], isCarried, this.#open?.inputs);
    if (chosen === undefined) return undefined;
    const { format, pictureSize } = this.#inspector;
    const inputs = { ...chosen, format, size: pictureSize?.shown };
    const isWanted = this.#open === undefined || this.#cutWantedAt !== undefined;
    return isWanted || !isSameInputs(this.#open?.inputs ?? inputs, inputs) ? inputs : undefined;
  }

  #isTiredOfWaiting(): boolean {
    const since = this.#open === undefined ? this.#waiting?.since : this.#cutWantedAt;
    return since !== undefined && this.#inspector.videoSeconds - since >= this.#limits.noRandomAccessSeconds;
  }

  #begin(inputs: Inputs, startedAt: number): void {
    this.#open?.cut(this.#cutWantedAt === undefined ? 'inputs' : 'wanted');
    this.#cutWantedAt = undefined;
    const span = new MediaSpan({
      inputs,
      startedAt,
      heldBytes: this.#limits.heldBytes,
      onWanted: () => {
        // What it holds itself is within its own limit.
        if (span === this.#open && span === this.#reading && this.#behind === undefined) this.#media.resume();
      },
      videoSeconds: () => this.#inspector.videoSeconds,
      jumps: () => this.#inspector.jumps,
    });
    this.#open = span;
    this.#add(this.#inspector.tables);
    if (this.#waiting === undefined) this.#ready = span;
    else this.#settle(span);
  }

  #add(packets: Buffer): void {
    if (this.#open?.add(packets) === false || this.#isFull) this.#media.pause();
  }

  #resume(): void {
    if (this.#behind === undefined && !this.#isFull) this.#media.resume();
  }

  get #isFull(): boolean {
    const spans = new Set([this.#reading, this.#open]);
    const held = [...spans].reduce((sum, span) => sum + (span?.readableLength ?? 0), 0);
    return held >= this.#limits.heldBytes;
  }

  #settle(span: MediaSpan | undefined): void {
    this.#reading = span;
    this.#waiting?.span.resolve(span);
    this.#waiting = undefined;
  }

  /** Media is over, or the signal says so: what has begun is cut here. */
  #end(): void {
    if (this.#isOver) return;
    if (this.#probe !== undefined && !this.#signal.aborted) this.#tryStart(this.#probe, performance.now(), true);
    this.#stop();
    this.#behind = undefined;
    this.#open?.cut('end');
    if (this.#waiting !== undefined) this.#settle(undefined);
  }

  #refuse(): void {
    const refusal = this.#probe?.refusal(this.#bytes);
    if (refusal !== undefined) this.#refuseWith(refusal);
  }

  /** What came before is still read to its end. */
  #refuseWith(refusal: AppError): void {
    if (this.#isOver) return;
    this.#stop();
    this.#refusal = refusal;
    this.#open?.cut('end');
    this.#waiting?.span.reject(refusal);
    this.#waiting = undefined;
  }

  #stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#finish);
  }
}
