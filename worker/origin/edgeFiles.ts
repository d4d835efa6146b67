import { basename } from 'node:path';
import { type StreamFiles, segmentFile, segmentNumber } from '../publish/playlist/streamFiles.ts';

/** What a file name means at the origin of one stream. */
export type EdgeFile =
  | { kind: 'multivariant' }
  | { kind: 'media'; rendition: number }
  | { kind: 'segment'; rendition: number; number: number }
  | { kind: 'part'; rendition: number; index: number };

/**
 * `<stem>_p<fencing token>-<n>.ts`: `n` counts a rendition's parts from its owner's first one on, so the name of the next part is known
 * before it is clear what segment it belongs to, and no name is ever used for other bytes.
 */
export const partFile = (stem: string, token: string, index: number): string => `${stem}_p${token}-${index}.ts`;

/** Undefined: a stream has no file of this name. */
export function edgeFile(files: StreamFiles, token: string, file: string): EdgeFile | undefined {
  if (files.multivariantKey !== undefined && file === basename(files.multivariantKey)) return { kind: 'multivariant' };
  const media = files.playlistKeys.findIndex(key => basename(key) === file);
  if (media >= 0) return { kind: 'media', rendition: media };
  for (const [rendition, stem] of files.stems.entries()) {
    const number = segmentNumber(file);
    if (number !== undefined && segmentFile(stem, number) === file) return { kind: 'segment', rendition, number };
    const index = Number(/-(\d{1,15})\.ts$/.exec(file)?.[1]);
    if (partFile(stem, token, index) === file) return { kind: 'part', rendition, index };
  }
  return undefined;
}
