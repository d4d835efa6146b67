import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { errorCode } from './errorCode.ts';

const record = z.object({
  versions: z.array(z.object({ etag: z.string(), metadata: z.record(z.string(), z.string()) })),
});

/**
 * What is known of an object beside its bytes. The file holds the version being written and the one before it, each
 * named by its bytes' MD5: it is replaced before the object is, so whichever bytes are found have their entry, and the
 * object's rename alone is the moment of the write.
 */
export type FolderRecord = z.infer<typeof record>;
export type FolderVersion = FolderRecord['versions'][number];

/** The record in a file; undefined when there is none, or when a power cut left it unreadable. */
export async function readRecord(path: string): Promise<FolderRecord | undefined> {
  try {
    return record.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

export const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');
