import { fileURLToPath } from 'node:url';

/** Path of an executable in fixtures/ that takes FFmpeg's place and misbehaves in one way. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}.sh`, import.meta.url));
}
