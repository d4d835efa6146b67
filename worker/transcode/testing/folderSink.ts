import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppError } from '../../../common/errors.ts';
import type { Segment } from '../../segment/segment.ts';
import type { EpochOptions, EpochSink, ResumePoint } from '../../segment/segmentEpoch.ts';
import type { SegmentTimes } from '../../segment/segmentTimes.ts';

export interface SinkEpoch {
  dir: string;
  firstNumber: number;
  /** How often it was closed. */
  closed: number;
  options: EpochOptions;
}

export interface SinkSegment extends Segment {
  file: string;
  path: string;
  times: SegmentTimes | undefined;
}

export interface FolderSink extends EpochSink {
  readonly epochs: readonly SinkEpoch[];
  readonly faults: readonly AppError[];
  /** A rendition's segments of an epoch, in order. */
  list(epoch: number, rendition?: number): readonly SinkSegment[];
  files(epoch: number): Promise<string[]>;
  remove(): Promise<void>;
}

/** A sink in a folder of its own: numbers go on from one epoch to the next as publishing would have it. */
export async function folderSink(resumePoint?: ResumePoint): Promise<FolderSink> {
  const root = await mkdtemp(join(tmpdir(), 'transcode-'));
  const epochs: SinkEpoch[] = [];
  const faults: AppError[] = [];
  const segments: SinkSegment[][][] = [];
  return {
    made: [],
    resumePoint,
    epochs,
    faults,
    async openEpoch(_startedAt, options) {
      if (epochs.some(epoch => epoch.closed === 0)) throw new Error('the epoch before is still open');
      const dir = join(root, `${epochs.length}`);
      const epoch: SinkEpoch = { dir, firstNumber: 100 * epochs.length, closed: 0, options };
      const closed: SinkSegment[][] = [];
      await mkdir(dir);
      epochs.push(epoch);
      segments.push(closed);
      const fileOf = (rendition: number, number: number) => `s_${rendition}_${number}.ts`;
      return {
        ...epoch,
        fileOf,
        closed(rendition, segment, times) {
          const file = fileOf(rendition, segment.number);
          closed[rendition] ??= [];
          closed[rendition].push({ ...segment, file, path: join(dir, file), times });
        },
        discard: file => rm(join(dir, file)),
        leaveOut: (rendition, { number }) => rm(join(dir, fileOf(rendition, number))),
        failed: fault => void faults.push(fault),
        async close() {
          epoch.closed++;
        },
      };
    },
    list: (epoch, rendition = 0) => segments[epoch]?.[rendition] ?? [],
    files: epoch => readdir(epochs[epoch]?.dir ?? root),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
