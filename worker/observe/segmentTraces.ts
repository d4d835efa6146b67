import type { Span, Tracing } from '../../common/tracing/createTracing.ts';
import type { ClosedSegment } from '../publish/spool/closedSegment.ts';

interface Traced {
  segment: Span;
  upload: Span;
  /** ms since 1970; undefined: it is not stored yet. */
  settledAt?: number;
}

/** Segments that wait are few; beyond so many the oldest is let go of. */
const MOST = 50;
/** Of the other segments one in so many is traced: one a minute with segments of 4 s. */
const ONE_IN = 15;

/**
 * Spans of a run's segments: closed to listed, with the upload and the playlist in it. The first segment of each rendition that follows an
 * encoder's connection belongs to the trace of the stream's start. Of all others some have a trace of their own, which links to that one: a
 * stream of hours must not be one trace.
 */
export class SegmentTraces {
  readonly #tracing: Tracing;
  readonly #stream: { streamId: string; run: string };
  readonly #trace: string | undefined;
  /** By file name. */
  readonly #open = new Map<string, Traced>();
  /** Renditions whose first segment is still awaited: all, until it has come. */
  #seen = new Set<number>();
  #count = 0;

  /** @param trace the traceparent in the stream's record */
  constructor(tracing: Tracing, stream: { streamId: string; run: string }, trace: string | undefined) {
    this.#tracing = tracing;
    this.#stream = stream;
    this.#trace = trace;
  }

  /** An encoder is connected: its first segments belong to the trace of the start. */
  encoderConnected(): void {
    this.#seen = new Set();
  }

  closed({ rendition, number, file, bytes, durationSeconds, closedAt }: ClosedSegment): void {
    const isFirst = !this.#seen.has(rendition);
    this.#seen.add(rendition);
    this.#count += 1;
    if (!isFirst && this.#count % ONE_IN !== 0) return;
    const segment = this.#tracing.start('segment', {
      ...(isFirst ? { parent: this.#trace } : { link: this.#trace }),
      attributes: { ...this.#names(), rendition, number, bytes, duration_seconds: durationSeconds },
      at: closedAt,
    });
    const upload = this.#tracing.start('upload', { parent: segment.traceparent, kind: 'producer', at: closedAt });
    this.#open.set(file, { segment, upload });
    const [oldest] = this.#open.keys();
    if (this.#open.size > MOST && oldest !== undefined) this.#end(oldest, 'it was not listed');
  }

  /** The traceparent of a segment's upload, for what carries it out; undefined: it is not traced. */
  uploadOf(file: string): string | undefined {
    return this.#open.get(file)?.upload.traceparent;
  }

  /** Its upload has ended. */
  settled({ file }: Pick<ClosedSegment, 'file'>): void {
    const traced = this.#open.get(file);
    if (!traced) return;
    traced.settledAt = Date.now();
    traced.upload.end();
  }

  listed(file: string): void {
    const traced = this.#open.get(file);
    if (!traced) return;
    const at = traced.settledAt ?? Date.now();
    this.#tracing.start('playlist', { parent: traced.segment.traceparent, at }).end();
    this.#end(file);
  }

  gapListed(file: string): void {
    this.#end(file, 'it is a gap in the playlist');
  }

  /** What takes a time that is known at its end only. */
  record(name: string, tookMs: number, kind: 'internal' | 'consumer' = 'internal'): void {
    const options = { parent: this.#trace, kind, attributes: this.#names(), at: Date.now() - tookMs };
    this.#tracing.start(name, options).end();
  }

  #end(file: string, error?: string): void {
    const traced = this.#open.get(file);
    this.#open.delete(file);
    if (traced && traced.settledAt === undefined) traced.upload.end();
    traced?.segment.end(error === undefined ? {} : { error });
  }

  #names(): Record<string, string> {
    return { stream_id: this.#stream.streamId, run: this.#stream.run };
  }
}
