import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Makes a program in `dir` that takes FFmpeg's place: its first process dies after 100 kB, those after it are FFmpeg. */
export async function diesOnce(dir: string): Promise<string> {
  const path = join(dir, 'dies-once.sh');
  const lines = [
    '#!/bin/sh',
    `if [ -e '${dir}/died' ]; then exec ffmpeg "$@"; fi`,
    `touch '${dir}/died'`,
    'head -c 100000 >/dev/null',
    "echo '[fatal] it broke' >&2",
    'kill -SEGV $$',
  ];
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o755 });
  return path;
}
