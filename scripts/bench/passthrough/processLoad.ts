import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds } from '../cpuSeconds.ts';

export interface ProcessLoad {
  /** Of one core, user and system. */
  cores: number;
  /** Proportional set size, MB (proc(5), smaps_rollup). */
  pssMb: number;
}

/** What a process uses over some seconds; its memory at their end. */
export async function processLoad(pid: number, seconds: number): Promise<ProcessLoad> {
  const [cpu, at] = [cpuSeconds(pid), performance.now()];
  await sleep(seconds * 1000);
  const elapsed = (performance.now() - at) / 1000;
  return { cores: (cpuSeconds(pid) - cpu) / elapsed, pssMb: pssMb(pid) };
}

function pssMb(pid: number): number {
  const [, kb] = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
  return Number(kb) / 1024;
}
