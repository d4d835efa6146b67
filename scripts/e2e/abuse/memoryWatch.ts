import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Peaks {
  /** Resident bytes, the most that was seen. */
  worker: number;
  ffmpeg: number;
}

/** Follows the memory of a worker and of each FFmpeg that it starts. `stop` gives the peaks. */
export function watchMemory(workerPid: number): { stop(): Promise<Peaks> } {
  const peaks: Peaks = { worker: 0, ffmpeg: 0 };
  const stopping = new AbortController();
  const look = async () => {
    for (const pid of await readdir('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? '';
      // VmHWM is the kernel's own peak; it misses nothing between two looks.
      const peak = Number(field('VmHWM')) * 1_024;
      if (Number(pid) === workerPid) peaks.worker = Math.max(peaks.worker, peak);
      else if (field('PPid') === String(workerPid)) peaks.ffmpeg = Math.max(peaks.ffmpeg, peak);
    }
  };
  const loop = async () => {
    while (!stopping.signal.aborted) {
      await look();
      await sleep(100, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const done = loop();
  return {
    stop: async () => {
      stopping.abort();
      await done;
      await look();
      return peaks;
    },
  };
}
