import { isAbsolute, join, relative, sep } from 'node:path';
import { StoreError } from './storeError.ts';

/**
 * The file of a key under `root`. Throws `config` for a key that an S3 store would not take (1 to 1,024 bytes) or that a
 * folder must not: backslash, control characters, empty parts, parts that start with a dot (they are ours, and hidden
 * from viewers) or are longer than 200 bytes (room for our own prefixes within a file name's 255).
 */
export function folderPath(root: string, key: string): string {
  const parts = key.split('/');
  const bad =
    Buffer.byteLength(key) > 1_024 ||
    // biome-ignore lint/suspicious/noControlCharactersInRegex: this searches for them
    /[\\\u0000-\u001f\u007f]/.test(key) ||
    parts.some(part => part === '' || part.startsWith('.') || Buffer.byteLength(part) > 200);
  const path = join(root, ...parts);
  const within = relative(root, path);
  if (bad || within === '' || within === '..' || within.startsWith(`..${sep}`) || isAbsolute(within)) {
    throw new StoreError(
      'config',
      `Object key ${JSON.stringify(key.slice(0, 80))} is refused: 1 to 1,024 bytes, parts of 1 to 200 bytes between slashes, no backslash or control character, no part that starts with a dot.`,
    );
  }
  return path;
}
