import { CutPlan, type RungCuts } from '../cutPlan.ts';
import type { Frame, OpenSegment, Segment, SegmentSink } from '../segment.ts';
import { Segmenter } from '../segmenter.ts';
import type { SourceFacts } from '../sourceFacts.ts';

export interface Collected {
  segments: (Segment & { data: Buffer })[];
  facts: SourceFacts;
}

/** A sink that keeps everything. */
export class Collector implements SegmentSink {
  readonly closed: (Segment & { data: Buffer })[] = [];
  readonly frames: { number: number; frame: Frame }[] = [];
  readonly #runs = new Map<number, Buffer[]>();

  onOpen({ number }: OpenSegment): void {
    if (this.#runs.has(number)) throw new Error(`segment ${number} was opened twice`);
    this.#runs.set(number, []);
  }

  onBytes({ number }: OpenSegment, packets: Buffer): void {
    this.#runs.get(number)?.push(packets);
  }

  onFrame({ number }: OpenSegment, frame: Frame): void {
    this.frames.push({ number, frame });
  }

  onClose(segment: Segment): void {
    this.closed.push({ ...segment, data: Buffer.concat(this.#runs.get(segment.number) ?? []) });
    this.#runs.delete(segment.number);
  }

  /** Numbers of the segments that are not closed. */
  get open(): number[] {
    return [...this.#runs.keys()];
  }
}

/** The segments of a whole transport stream, given in chunks. */
export function collectSegments(
  ts: Buffer | readonly Buffer[],
  options: { target?: number; first?: number; cuts?: RungCuts; chunk?: number } = {},
): Collected {
  const { target = 2, first = target, chunk = 1_316 } = options;
  const cuts = options.cuts ?? new CutPlan({ firstNumber: 0, targetSeconds: target, firstSeconds: first }).rung();
  const sink = new Collector();
  const segmenter = new Segmenter({ cuts, sink });
  for (const one of Buffer.isBuffer(ts) ? pieces(ts, chunk) : ts) segmenter.push(one);
  segmenter.end();
  if (sink.open.length > 0) throw new Error(`left open: ${sink.open}`);
  return { segments: sink.closed, facts: segmenter.facts };
}

function* pieces(ts: Buffer, bytes: number): Generator<Buffer> {
  for (let at = 0; at < ts.length; at += bytes) yield ts.subarray(at, at + bytes);
}
