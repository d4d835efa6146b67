import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { segmentFile, segmentNumber } from '../playlist/streamFiles.ts';
import { type EpochRecord, epochRecord } from './epochRecord.ts';

export interface SpooledFile {
  name: string;
  bytes: number;
  /** When it was last written, ms since 1970. */
  writtenAt: number;
}

/** An epoch as it lies on disk. */
export interface SpooledEpoch {
  /** Its folder, relative to the spool. */
  origin: string;
  /** Undefined when it does not parse: its writer died while it wrote it, before there was any file. */
  record: EpochRecord | undefined;
  /** Closed segments, oldest first: the writer renames a file when it is whole. */
  closed: SpooledFile[];
  /** All files together. */
  bytes: number;
  /** When anything in it was last written, ms since 1970. */
  writtenAt: number;
}

const TS_PACKET = 188;

/** All epochs of a spool, in no order. What is removed meanwhile is left out. */
export async function spooledEpochs(dir: string): Promise<SpooledEpoch[]> {
  const found: SpooledEpoch[] = [];
  for (const stream of await folders(dir)) {
    for (const run of await folders(join(dir, stream))) {
      const names = (await orUndefined(readdir(join(dir, stream, run)))) ?? [];
      for (const name of names.filter(each => each.endsWith('.json'))) {
        const read = await readEpoch(dir, join(stream, run, name.slice(0, -'.json'.length)));
        if (read) found.push(read);
      }
    }
  }
  return found;
}

/** One epoch as it lies in the spool `dir` now; undefined when it is gone. */
export async function readEpoch(dir: string, origin: string): Promise<SpooledEpoch | undefined> {
  const folder = join(dir, origin);
  const recordFile = `${folder}.json`;
  const [text, stats] = await Promise.all([orUndefined(readFile(recordFile, 'utf8')), orUndefined(stat(recordFile))]);
  if (text === undefined || stats === undefined) return undefined;
  const record = epochRecord.safeParse(tryJson(text)).data;
  const files = await readFiles(folder);
  const isClosed = ({ name, bytes }: SpooledFile): boolean => {
    const number = segmentNumber(name);
    const isSegment = number !== undefined && record?.stems.some(stem => segmentFile(stem, number) === name);
    return isSegment === true && bytes > 0 && bytes % TS_PACKET === 0;
  };
  return {
    origin,
    record,
    closed: files.filter(isClosed).toSorted((a, b) => a.writtenAt - b.writtenAt),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    writtenAt: Math.max(stats.mtimeMs, ...files.map(file => file.writtenAt)),
  };
}

async function readFiles(folder: string): Promise<SpooledFile[]> {
  const names = (await orUndefined(readdir(folder))) ?? [];
  const files = await Promise.all(
    names.map(async name => {
      const stats = await orUndefined(stat(join(folder, name)));
      return stats ? [{ name, bytes: stats.size, writtenAt: stats.mtimeMs }] : [];
    }),
  );
  return files.flat();
}

async function folders(dir: string): Promise<string[]> {
  const entries: Dirent[] = (await orUndefined(readdir(dir, { withFileTypes: true }))) ?? [];
  return entries.filter(entry => entry.isDirectory() && !entry.name.startsWith('.')).map(entry => entry.name);
}

async function orUndefined<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
