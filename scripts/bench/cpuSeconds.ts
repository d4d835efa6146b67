import { readFileSync } from 'node:fs';

/** USER_HZ, in which Linux counts CPU time for user space: 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU time (user and system, s) of a process and of its children that have ended. Linux: proc(5), fields 14 to 17 of stat. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}
