import { realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/**
 * Whether nothing between `root` and `path`, which is below it, is a symbolic link, so that the path leads to where it
 * says. `root` itself may be one. A path that does not exist is judged by the part of it that does.
 */
export async function isPlainPath(root: string, path: string): Promise<boolean> {
  for (let part = path; part !== root && part !== dirname(part); part = dirname(part)) {
    try {
      return (await realpath(part)) === join(await realpath(root), relative(root, part));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // ELOOP: links that lead to each other. ENOENT may also be a link that leads nowhere: nothing can be read there.
      if (code === 'ELOOP') return false;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    }
  }
  return true;
}
