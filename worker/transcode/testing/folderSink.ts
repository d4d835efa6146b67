import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SegmentSink } from '../segmentSink.ts';

export interface SinkEpoch {
  dir: string;
  firstNumber: number;
  closed: number;
}

export interface FolderSink extends SegmentSink {
  readonly epochs: readonly SinkEpoch[];
  /** What an epoch's list of a stem names, in order. */
  list(epoch: number, stem: string): Promise<{ file: string; path: string; seconds: number }[]>;
  files(epoch: number): Promise<string[]>;
  remove(): Promise<void>;
}

/** A sink in a folder of its own: numbers go on from one epoch to the next as publishing would have it. */
export async function folderSink(): Promise<FolderSink> {
  const root = await mkdtemp(join(tmpdir(), 'transcode-'));
  const epochs: SinkEpoch[] = [];
  const dirOf = (epoch: number) => join(root, `${epoch}`);
  return {
    epochs,
    async openEpoch() {
      if (epochs.some(epoch => epoch.closed === 0)) throw new Error('the epoch before is still open');
      const epoch: SinkEpoch = { dir: dirOf(epochs.length), firstNumber: 100 * epochs.length, closed: 0 };
      await mkdir(epoch.dir);
      epochs.push(epoch);
      return {
        ...epoch,
        async close() {
          epoch.closed++;
        },
      };
    },
    async list(epoch, stem) {
      const text = await readFile(join(dirOf(epoch), `${stem}.m3u8`), 'utf8');
      return [...text.matchAll(/#EXTINF:([\d.]+),\n(.+)/g)].map(([, seconds = '', file = '']) => {
        return { file, path: join(dirOf(epoch), file), seconds: Number(seconds) };
      });
    },
    files: epoch => readdir(dirOf(epoch)),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
