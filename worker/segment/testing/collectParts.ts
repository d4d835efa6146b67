import { CutPlan, type RungCuts } from '../cutPlan.ts';
import type { Part } from '../part.ts';
import { PartCutter } from '../partCutter.ts';
import { PartPlan } from '../partPlan.ts';
import { PartTarget } from '../partTarget.ts';
import type { Segment } from '../segment.ts';
import { Segmenter } from '../segmenter.ts';
import { Collector } from './collectSegments.ts';

export interface CollectedParts {
  /** As they were written. */
  segments: readonly (Segment & { data: Buffer })[];
  parts: readonly Part[];
  /** What a sink of parts was called with, in order. */
  calls: readonly string[];
  /** Seconds. */
  target: number;
}

/** The parts of a whole transport stream, and the segments that they make. */
export function collectParts(
  ts: Buffer,
  options: {
    segmentSeconds?: number;
    partSeconds?: number;
    gopSeconds?: number;
    chunk?: number;
    cuts?: RungCuts;
    /** Called when so many bytes were given. */
    pauseAt?: number;
    onPause?: (parts: readonly Part[]) => void;
  } = {},
): CollectedParts {
  const { segmentSeconds = 2, partSeconds = 1 / 3, gopSeconds, chunk = 1_316 } = options;
  const cuts = options.cuts ?? new CutPlan({ firstNumber: 0, targetSeconds: segmentSeconds, firstSeconds: 1 }).rung();
  const target = new PartTarget(partSeconds);
  const files = new Collector();
  const parts: Part[] = [];
  const calls: string[] = [];
  const cutter: PartCutter = new PartCutter({
    files,
    plan: new PartPlan({ target, gopSeconds }),
    writeTables: () => segmenter.writeTables(),
    parts: {
      onOpen: ({ number }) => calls.push(`open ${number}`),
      onPart: part => {
        calls.push(`part ${part.number}`);
        parts.push(part);
      },
      onClose: ({ number }) => calls.push(`close ${number}`),
    },
  });
  const segmenter: Segmenter = new Segmenter({ cuts, sink: cutter });
  const { pauseAt = ts.length, onPause } = options;
  const push = (media: Buffer): void => {
    for (let at = 0; at < media.length; at += chunk) segmenter.push(media.subarray(at, at + chunk));
  };
  push(ts.subarray(0, pauseAt));
  onPause?.(parts);
  push(ts.subarray(pauseAt));
  segmenter.end();
  return { segments: files.closed, parts, calls, target: target.seconds ?? 0 };
}
