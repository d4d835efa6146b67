import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode } from './errorCode.ts';

/** Our own files beside an object. All start with a dot: the API's static server hides those. */
export const besides = {
  temporary: (path: string) => join(dirname(path), `.tmp-${process.pid}-${randomBytes(6).toString('hex')}`),
  record: (path: string) => join(dirname(path), `.meta-${basename(path)}.json`),
  lock: (path: string) => join(dirname(path), `.lock-${basename(path)}`),
};

export interface FileBytes {
  bytes: Buffer;
  etag: string;
}

/** An ETag without reading the file: every write is a new file with a new time. */
export function statEtag(file: { mtimeNs: bigint; size: bigint }): string {
  return `${file.mtimeNs.toString(16)}-${file.size.toString(16)}`;
}

/** Writes a temporary file beside `path`, making its folders; the caller renames or removes it. */
export async function writeTemporary(path: string, bytes: Buffer): Promise<{ temporary: string; etag: string }> {
  const temporary = besides.temporary(path);
  const file = await open(temporary, 'wx').catch(async error => {
    if (errorCode(error) !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true });
    return open(temporary, 'wx');
  });
  try {
    await file.writeFile(bytes);
    return { temporary, etag: statEtag(await file.stat({ bigint: true })) };
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Replaces `path` in one step: a reader sees the old bytes or the new ones. */
export async function replaceFile(path: string, bytes: Buffer): Promise<{ etag: string }> {
  const { temporary, etag } = await writeTemporary(path, bytes);
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return { etag };
}

/** A file's bytes and the ETag that its state amounts to; undefined when there is no such file. Follows no link. */
export async function readWhole(path: string): Promise<FileBytes | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(missingIsUndefined);
  if (!file) return undefined;
  try {
    const found = await file.stat({ bigint: true });
    return found.isFile() ? { bytes: await file.readFile(), etag: statEtag(found) } : undefined;
  } finally {
    await file.close();
  }
}

/** Size in bytes and ETag of a file, without reading it. Follows no link. */
export async function statFile(path: string): Promise<{ size: number; etag: string } | undefined> {
  const found = await lstat(path, { bigint: true }).catch(missingIsUndefined);
  return found?.isFile() ? { size: Number(found.size), etag: statEtag(found) } : undefined;
}

/** Removes `folder` and its parents as far as they are empty, `root` never. Best effort: a writer may come between. */
export async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  try {
    for (let path = folder; path !== root && path.startsWith(root); path = dirname(path)) await rmdir(path);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EBUSY'].includes(errorCode(error) ?? '')) throw error;
  }
}

/** Every object's key under `folder` in key order (a folder sorts as its name with a slash), dot files left out. */
export async function* walkKeys(
  folder: string,
  keyPrefix: string,
  wanted: (key: string) => boolean,
): AsyncGenerator<string> {
  const entries = (await readdir(folder, { withFileTypes: true }).catch(missingIsUndefined)) ?? [];
  const names = entries
    .filter(entry => !entry.name.startsWith('.') && (entry.isFile() || entry.isDirectory()))
    .map(entry => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort(compareBytes);
  for (const name of names) {
    const key = keyPrefix + name;
    if (!wanted(key)) continue;
    if (name.endsWith('/')) yield* walkKeys(join(folder, name), key, wanted);
    else yield key;
  }
}

const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function missingIsUndefined(error: unknown): undefined {
  // ELOOP: a symbolic link, which is no object.
  if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error) ?? '')) return undefined;
  throw error;
}
