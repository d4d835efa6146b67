import { errorCode } from './errorCode.ts';
import { StoreError } from './storeError.ts';

const denied = new Set(['EACCES', 'EPERM', 'EROFS']);
const config = new Set(['ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'EINVAL']);
const lockless = new Set(['ENOLCK', 'EOPNOTSUPP']);

/** What a folder's file system throws, as a StoreError. A full disk is `retry`: retention may make room again. */
export function folderFailure(error: unknown, name: string, signal: AbortSignal | undefined): StoreError {
  if (error instanceof StoreError) return error;
  if (signal?.aborted) return new StoreError('aborted', `${name}: aborted`, { cause: error });
  const code = errorCode(error) ?? '';
  const text = error instanceof Error ? error.message : String(error);
  if (denied.has(code)) {
    return new StoreError('denied', `${name}: ${text} (check who owns OUTPUT_DIR and may write it)`, { cause: error });
  }
  if (config.has(code)) {
    return new StoreError('config', `${name}: ${text} (a file stands where a folder is needed, or the reverse)`, {
      cause: error,
    });
  }
  if (lockless.has(code)) return new StoreError('config', `${name}: ${text}`, { cause: error });
  return new StoreError('retry', `${name}: ${text}`, { cause: error });
}
