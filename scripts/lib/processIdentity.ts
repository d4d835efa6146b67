import { readFileSync } from 'node:fs';

/**
 * Tells a process from a later one that got the same pid: on Linux by the boot and the time it was started. Undefined
 * when there is no such process (a zombie counts as gone). Elsewhere only whether there is one.
 */
export function processIdentity(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const stat = readIfThere(`/proc/${pid}/stat`);
    // proc(5): the name is in brackets and may hold anything; state is the 1st field after it, starttime the 20th.
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (!fields || fields[0] === 'Z') return undefined;
    return `${readIfThere('/proc/sys/kernel/random/boot_id')?.trim()}:${fields[19]}`;
  }
  try {
    process.kill(pid, 0);
    return 'alive';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'alive' : undefined;
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
