import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface ProcessEntry {
  pid: number;
  parent: number;
  /** Process group; 0 where it is not known. */
  group: number;
  name: string;
}

/** All processes of this host that can be seen: from /proc, or from ps where there is none. */
export async function listProcesses(): Promise<ProcessEntry[]> {
  if (process.platform !== 'linux') return fromPs();
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const entries = await Promise.all(
    pids.map(pid => readFile(`/proc/${pid}/stat`, 'utf8').then(parseStat, () => undefined)),
  );
  return entries.filter(entry => entry !== undefined);
}

/** proc(5). A zombie is no process any more. */
function parseStat(stat: string): ProcessEntry | undefined {
  const [, pid, name = '', state, parent, group] = /^(\d+) \((.*)\) (\S) (\d+) (\d+)/s.exec(stat) ?? [];
  return state === 'Z' ? undefined : { pid: Number(pid), parent: Number(parent), group: Number(group), name };
}

async function fromPs(): Promise<ProcessEntry[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axo', 'pid=,ppid=,pgid=,comm=']);
  return stdout.split('\n').flatMap(line => {
    const [, pid, parent, group, name = ''] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid ? [{ pid: Number(pid), parent: Number(parent), group: Number(group), name }] : [];
  });
}
