import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SegmentEpoch } from '../../segment/segmentEpoch.ts';
import { segmentFile } from '../playlist/streamFiles.ts';

/** An epoch that is nothing but a folder: stream `show`, from number 0 on. For tests. */
export function folderEpoch(dir: string): SegmentEpoch {
  return {
    ...{ dir, firstNumber: 0 },
    fileOf: (_rendition, number) => segmentFile('show', number),
    closed: () => undefined,
    discard: file => rm(join(dir, file), { force: true }),
    leaveOut: async () => undefined,
    failed: fault => {
      throw fault;
    },
    close: async () => undefined,
  };
}
