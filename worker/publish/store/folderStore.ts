import { rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Logger } from '../../../common/createLogger.ts';
import { isPlainPath } from '../../../common/isPlainPath.ts';
import { withHeldFile } from '../../../common/withHeldFile.ts';
import { errorCode } from './errorCode.ts';
import { folderFailure } from './folderFailure.ts';
import {
  besides,
  readWhole,
  removeEmptyFolders,
  replaceFile,
  statFile,
  walkKeys,
  writeTemporary,
} from './folderFiles.ts';
import { folderPath } from './folderKey.ts';
import { md5, readRecord } from './folderRecord.ts';
import type { ObjectStore, PutOptions, StoredObject } from './objectStore.ts';
import { objectUrl } from './objectUrl.ts';
import { probeConditionalPut } from './probeConditionalPut.ts';
import { StoreError } from './storeError.ts';
import { sweepFolder } from './sweepFolder.ts';

interface Signal {
  signal?: AbortSignal;
}

type Found = Omit<StoredObject, 'key' | 'body'>;

/** A delete may remove the folder, as empty, between two steps of a PUT: it is made again, this often. */
const putAttempts = 4;
/** No PUT takes so long; a temporary file of this age is a dead process's. */
const temporaryMaxAgeMs = 3_600_000;

/**
 * Objects as files of a folder. A PUT is a temporary file and a rename, so readers never see half of one. A PUT with
 * metadata or a condition keeps a record in a dot file and is done under a lock that all processes of this machine
 * respect; on a folder shared between machines it does not fence. Content types and caching are the API's business.
 */
export class FolderStore implements ObjectStore {
  readonly #root: string;
  readonly #publicUrl: string;
  readonly #lockWaitMs: number;
  readonly #closed = new AbortController();

  /** @param options.lockWaitMs how long a write waits for another process's write of the same object; default 5,000 */
  constructor(options: { dir: string; publicUrl: string; lockWaitMs?: number }) {
    this.#lockWaitMs = options.lockWaitMs ?? 5_000;
    this.#root = resolve(options.dir);
    this.#publicUrl = options.publicUrl;
  }

  /** Clears away what killed processes left. To be called once at start, beside the work. */
  async sweep(log: Logger): Promise<void> {
    try {
      const removed = await sweepFolder(this.#root, temporaryMaxAgeMs, this.#closed.signal);
      if (removed > 0) log.info({ removed }, 'removed temporary files of a killed process');
    } catch (error) {
      if (!this.#closed.signal.aborted) log.warn({ err: error }, 'temporary files in OUTPUT_DIR not removed');
    }
  }

  put(key: string, body: Buffer | string, options: PutOptions): Promise<{ etag: string }> {
    return this.#call(`PUT ${key}`, options.signal, async () => {
      const path = await this.#path(key);
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      for (let attempt = 1; ; attempt += 1) {
        try {
          const plain = options.metadata === undefined && options.condition === undefined;
          return await (plain ? replaceFile(path, bytes) : this.#putRecorded(path, key, bytes, options));
        } catch (error) {
          if (errorCode(error) !== 'ENOENT' || attempt === putAttempts) throw error;
        }
      }
    });
  }

  async #putRecorded(path: string, key: string, bytes: Buffer, options: PutOptions): Promise<{ etag: string }> {
    // Written before the lock is taken, so that it is held for a compare and two renames only.
    const { temporary } = await writeTemporary(path, bytes);
    const lock = { waitMs: this.#lockWaitMs, signal: options.signal };
    try {
      return await withHeldFile(besides.lock(path), lock, async () => {
        const current = await look(path);
        checkCondition(key, current?.etag, options.condition);
        const next = { etag: md5(bytes), metadata: options.metadata ?? {} };
        const versions = current ? [next, { etag: current.etag, metadata: current.metadata }] : [next];
        await replaceFile(besides.record(path), Buffer.from(JSON.stringify({ versions })));
        await rename(temporary, path);
        return { etag: next.etag };
      });
    } catch (error) {
      await rm(temporary, { force: true });
      await removeEmptyFolders(dirname(path), this.#root);
      throw error;
    }
  }

  get(key: string, options: Signal = {}): Promise<StoredObject | undefined> {
    return this.#call(`GET ${key}`, options.signal, async () => {
      const path = folderPath(this.#root, key);
      if (!(await isPlainPath(this.#root, path))) return undefined;
      const recorded = await lookRecorded(path);
      if (recorded) return { key, ...recorded };
      const file = await readWhole(path);
      return file && { key, size: file.bytes.length, etag: file.etag, body: file.bytes, metadata: {} };
    });
  }

  head(key: string, options: Signal = {}) {
    return this.#call(`HEAD ${key}`, options.signal, async () => {
      const path = folderPath(this.#root, key);
      const found = (await isPlainPath(this.#root, path)) ? await look(path) : undefined;
      return found && { key, ...found };
    });
  }

  async delete(keys: readonly string[], options: Signal = {}): Promise<{ failed: { key: string; code: string }[] }> {
    const failed: { key: string; code: string }[] = [];
    const folders = new Set<string>();
    const lock = { waitMs: this.#lockWaitMs, signal: options.signal };
    for (const key of keys) {
      try {
        const path = await this.#path(key);
        await this.#call(`DELETE ${key}`, options.signal, () => remove(path, lock));
        folders.add(dirname(path));
      } catch (error) {
        if (error instanceof StoreError && error.kind === 'aborted') throw error;
        failed.push({ key, code: errorCode(error instanceof StoreError ? error.cause : error) ?? 'InvalidKey' });
      }
    }
    for (const folder of folders) {
      await this.#call(`DELETE ${folder}`, undefined, () => removeEmptyFolders(folder, this.#root));
    }
    return { failed };
  }

  async *list(prefix: string, options: Signal = {}): AsyncGenerator<string> {
    const name = `LIST ${prefix}`;
    this.#check(name, options.signal);
    // A folder is on the way to the prefix, or under it.
    const wanted = (key: string) => key.startsWith(prefix) || (key.endsWith('/') && prefix.startsWith(key));
    try {
      for await (const key of walkKeys(this.#root, '', wanted)) {
        this.#check(name, options.signal);
        yield key;
      }
    } catch (error) {
      throw folderFailure(error, name, options.signal);
    }
  }

  probeConditionalPut(signal?: AbortSignal): Promise<boolean> {
    return probeConditionalPut(this, signal);
  }

  publicUrl(key: string): string {
    return objectUrl(this.#publicUrl, key);
  }

  close(): void {
    this.#closed.abort();
  }

  /** Where an object may be written or removed. Its own place may be a link, which is replaced; a folder may not. */
  async #path(key: string): Promise<string> {
    const path = folderPath(this.#root, key);
    const folder = dirname(path);
    if (folder === this.#root || (await isPlainPath(this.#root, folder))) return path;
    const text = `${key}: a folder on the way is a symbolic link; OUTPUT_DIR may be one, folders in it may not`;
    throw new StoreError('config', text);
  }

  #check(name: string, signal: AbortSignal | undefined): void {
    if (signal?.aborted || this.#closed.signal.aborted) throw new StoreError('aborted', `${name}: aborted`);
  }

  async #call<Answer>(name: string, signal: AbortSignal | undefined, run: () => Promise<Answer>): Promise<Answer> {
    this.#check(name, signal);
    try {
      return await run();
    } catch (error) {
      throw folderFailure(error, name, signal);
    }
  }
}

/** What is at a path; reads the bytes only where a record says which version they are. */
async function look(path: string): Promise<Found | undefined> {
  const recorded = await lookRecorded(path);
  if (recorded) return { size: recorded.size, etag: recorded.etag, metadata: recorded.metadata };
  const file = await statFile(path);
  return file && { ...file, metadata: {} };
}

/** The object with its record's entry; undefined when it has none. */
async function lookRecorded(path: string): Promise<(Found & { body: Buffer }) | undefined> {
  if ((await statFile(besides.record(path))) === undefined) return undefined;
  // A write may come between bytes and record, but hardly again and again; after that the record is not about this file.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const file = await readWhole(path);
    if (!file) return undefined;
    const sum = md5(file.bytes);
    const version = (await readRecord(besides.record(path)))?.versions.find(({ etag }) => etag === sum);
    if (version) return { size: file.bytes.length, etag: sum, metadata: version.metadata, body: file.bytes };
  }
  return undefined;
}

function checkCondition(key: string, etag: string | undefined, condition: PutOptions['condition']): void {
  if (condition === undefined) return;
  const holds = 'ifMatch' in condition ? etag === condition.ifMatch : etag === undefined;
  if (!holds) throw new StoreError('precondition', `PUT ${key}: the object has changed, or exists already`);
}

/** Record first: whatever is left by a process killed in between is still an object, and can be deleted again. */
async function remove(path: string, lock: Parameters<typeof withHeldFile>[1]): Promise<void> {
  const record = besides.record(path);
  if ((await statFile(record)) === undefined) return rm(path, { force: true });
  await withHeldFile(besides.lock(path), lock, async () => {
    await rm(record, { force: true });
    await rm(path, { force: true });
  });
}
