import { basename } from 'node:path';
import type { LiveFeed } from '../publish/hlsOutputContract.ts';
import { addClosed, keyOf, type Ledger } from '../publish/playlist/ledger.ts';
import { type StreamFiles, streamFiles } from '../publish/playlist/streamFiles.ts';
import { PartTarget } from '../segment/partTarget.ts';
import type { EpochParts } from '../segment/segmentEpoch.ts';
import { type EdgeFile, edgeFile } from './edgeFiles.ts';
import { edgeView, reportOf } from './edgeView.ts';
import { type EdgeView, lowLatencyPlaylist } from './lowLatencyPlaylist.ts';
import { type ReloadDirectives, reloadRule } from './reloadRule.ts';
import { type KeptSegment, RenditionMemory } from './renditionMemory.ts';

/** In target durations: how long a request is held (RFC 8216bis section 6.2.5.2), and how long a stored segment stays in memory. */
const HELD = 3;
const KEPT = 4;

export type MediaAnswer =
  | { kind: 'playlist'; text: string; isDirected: boolean; newestPart?: string | undefined }
  | { kind: 'bytes'; data: Buffer }
  | { kind: 'moved'; url: string }
  | { kind: 'bad_directives' | 'unknown' | 'late' | 'gone' };

interface EdgeOptions {
  streamId: string;
  run: string;
  /** The owner's fencing token. */
  token: string;
  abr: boolean;
  renditions: readonly unknown[];
  partSeconds: number;
  /** Of memory for each rendition. */
  mostBytes: number;
  publicUrl: (key: string) => string;
}

/**
 * One stream's live edge on the worker that owns it: parts and the latest segments in memory, the ledger's numbers for all of them,
 * and the requests that wait for what comes next.
 */
export class LiveEdge implements LiveFeed {
  readonly run: string;
  readonly #options: EdgeOptions;
  readonly #files: StreamFiles;
  readonly #memories: readonly RenditionMemory[];
  readonly #ended = new AbortController();
  readonly #closed = new AbortController();
  #target: PartTarget;
  /** With what is closed in memory and not in the publisher's ledger yet. */
  #ledger: Ledger | undefined;
  #followsSource = false;
  #multivariant: () => string | undefined = () => undefined;
  /** By rendition: where its playlist began. It never goes back. */
  readonly #from: number[];
  #views: (EdgeView | undefined)[] = [];
  #changed = Promise.withResolvers<void>();

  constructor(options: EdgeOptions) {
    this.run = options.run;
    this.#options = options;
    this.#files = streamFiles(options.streamId, options.abr ? options.renditions.length : undefined);
    this.#target = new PartTarget(options.partSeconds);
    this.#from = this.#files.stems.map(() => 0);
    const { token, mostBytes } = options;
    this.#memories = this.#files.stems.map((stem, rendition) => {
      const onClose = (segment: KeptSegment): void => this.#segmentClosed(rendition, segment);
      const onChange = (): void => this.#change();
      return new RenditionMemory({ stem, token, mostBytes, events: { onOpen: onChange, onPart: onChange, onClose } });
    });
  }

  get partTarget(): number | undefined {
    return this.#target.seconds;
  }

  /** Aborts when the stream has ended: nothing more comes. */
  get ending(): AbortSignal {
    return this.#ended.signal;
  }

  /** Aborts when the stream is not this owner's any more. */
  get over(): AbortSignal {
    return this.#closed.signal;
  }

  begin(ledger: Ledger, multivariant: () => string | undefined): void {
    this.#target = new PartTarget(this.#options.partSeconds, ledger.partTarget);
    this.#multivariant = multivariant;
    this.update(ledger);
  }

  update(ledger: Ledger): void {
    // A ledger that goes on from a run that ended still says so.
    const own = { ...ledger, ended: ledger.ended && this.#ended.signal.aborted };
    this.#ledger = this.#memories.reduce(
      (ahead, { segments }, rendition) => segments.reduce((rest, kept) => this.#with(rest, rendition, kept), ahead),
      own,
    );
    for (const [rendition, memory] of this.#memories.entries())
      memory.forget(
        ({ number }, behind) => behind > KEPT * ledger.targetDuration && isStored(ledger, rendition, number),
      );
    this.#change();
  }

  openEpoch(ledger: Ledger, followsSource: boolean): EpochParts {
    this.#followsSource = followsSource;
    this.update(ledger);
    return { target: this.#target, sinkOf: rendition => this.#memories[rendition] as RenditionMemory };
  }

  end(): void {
    this.#ended.abort();
  }

  leave(): void {
    this.#closed.abort();
    this.#change();
  }

  /** The stream's file of this name; undefined: it has none. */
  file(name: string): EdgeFile | undefined {
    return edgeFile(this.#files, this.#options.token, name);
  }

  get targetDuration(): number {
    return this.#ledger?.targetDuration ?? 1;
  }

  /** A file, as soon as it is there. Rejects when the signal aborts. */
  async answer(
    file: EdgeFile,
    { skips, ...directives }: ReloadDirectives & { skips: boolean },
    signal: AbortSignal,
  ): Promise<MediaAnswer> {
    if (file.kind === 'media') return this.#playlist(file.rendition, directives, skips, signal);
    if (file.kind === 'part') return this.#part(file.rendition, file.index, signal);
    if (file.kind === 'segment') return this.#segment(file.rendition, file.number);
    if (this.#closed.signal.aborted) return { kind: 'gone' };
    const text = this.#multivariant();
    return text === undefined ? { kind: 'unknown' } : { kind: 'playlist', text, isDirected: false };
  }

  async #playlist(
    rendition: number,
    directives: ReloadDirectives,
    skips: boolean,
    signal: AbortSignal,
  ): Promise<MediaAnswer> {
    if (!(this.#ledger?.made ?? [rendition]).includes(rendition)) return { kind: 'unknown' };
    const held = await this.#until(() => {
      const view = this.#view(rendition);
      const rule = view === undefined ? 'wait' : reloadRule(view, directives);
      return view === undefined || rule === 'wait' ? undefined : { view, rule };
    }, signal);
    if (typeof held === 'string') return { kind: held };
    if (held.rule === 'bad') return { kind: 'bad_directives' };
    const isDirected = directives.mediaSequence !== undefined;
    const newestPart = held.view.segments.at(-1)?.parts.at(-1)?.uri;
    return { kind: 'playlist', text: lowLatencyPlaylist(held.view, skips), isDirected, newestPart };
  }

  async #part(rendition: number, index: number, signal: AbortSignal): Promise<MediaAnswer> {
    const memory = this.#memories[rendition];
    // Only the part that is hinted at can be waited for.
    if (memory === undefined || index > memory.made) return { kind: 'unknown' };
    // What was made stays as it is, whoever owns the stream now.
    const made = memory.made > index ? memory.part(index) : undefined;
    if (made !== undefined) return { kind: 'bytes', data: made };
    const isKnown = (): boolean => memory.made > index || this.#ledger?.ended === true;
    const found = await this.#until(() => (isKnown() ? { data: memory.part(index) } : undefined), signal);
    if (typeof found === 'string') return { kind: found };
    return found.data === undefined ? { kind: 'unknown' } : { kind: 'bytes', data: found.data };
  }

  #segment(rendition: number, number: number): MediaAnswer {
    const data = this.#memories[rendition]?.segment(number);
    if (data !== undefined) return { kind: 'bytes', data };
    if (this.#closed.signal.aborted) return { kind: 'gone' };
    const ledger = this.#ledger;
    if (ledger === undefined || !isStored(ledger, rendition, number)) return { kind: 'unknown' };
    return { kind: 'moved', url: this.#options.publicUrl(keyOf(ledger, rendition, number)) };
  }

  /** What `look` finds, now or after a change; why there is nothing else. */
  async #until<T>(look: () => T | undefined, signal: AbortSignal): Promise<T | 'late' | 'gone'> {
    const end = Promise.withResolvers<void>();
    const deadline = AbortSignal.timeout(HELD * this.targetDuration * 1_000);
    for (const over of [signal, deadline]) over.addEventListener('abort', () => end.resolve(), { once: true });
    for (;;) {
      if (this.#closed.signal.aborted) return 'gone';
      const found = look();
      if (found !== undefined) return found;
      signal.throwIfAborted();
      if (deadline.aborted) return 'late';
      await Promise.race([this.#changed.promise, end.promise]);
    }
  }

  #view(rendition: number): EdgeView | undefined {
    const ledger = this.#ledger;
    if (ledger === undefined) return undefined;
    this.#views[rendition] ??= this.#render(ledger, rendition);
    return this.#views[rendition];
  }

  #render(ledger: Ledger, rendition: number): EdgeView {
    const others = (ledger.made ?? []).filter(other => other !== rendition);
    const reports = others.flatMap(other => reportOf(this.#uri(other), this.#listing(ledger, other)) ?? []);
    const view = this.#listing(ledger, rendition);
    this.#from[rendition] = view.segments[0]?.mediaSequence ?? this.#from[rendition] ?? 0;
    return { ...view, reports };
  }

  #listing(ledger: Ledger, rendition: number): EdgeView {
    const from = Math.max(this.#from[rendition] ?? 0, ledger.head[rendition] ?? 0);
    const memory = this.#memories[rendition] as RenditionMemory;
    return edgeView({ ledger, rendition, memory, partTarget: this.partTarget, from, reports: [] });
  }

  #uri(rendition: number): string {
    return basename(this.#files.playlistKeys[rendition] ?? '');
  }

  #segmentClosed(rendition: number, segment: KeptSegment): void {
    if (this.#ledger !== undefined) this.#ledger = this.#with(this.#ledger, rendition, segment);
    this.#change();
  }

  /** The ledger with a segment that is closed in memory, as the publisher's will have it. */
  #with(ledger: Ledger, rendition: number, { number, seconds, keySeconds, bytes, discontinuity }: KeptSegment): Ledger {
    const last = ledger.entries.at(-1)?.number ?? -1;
    const known = ledger.entries.find(entry => entry.number === number)?.segments[rendition];
    if (seconds === undefined || known || (number < last && known === undefined)) return ledger;
    const gopSeconds = this.#followsSource ? keySeconds || seconds : 0;
    return addClosed(ledger, { rendition, number, durationSeconds: seconds, bytes, discontinuity, gopSeconds });
  }

  #change(): void {
    this.#views = [];
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }
}

const isStored = (ledger: Ledger, rendition: number, number: number): boolean =>
  ledger.entries.find(entry => entry.number === number)?.segments[rendition]?.state === 'stored';
