/**
 * Lets a process run for so many ms of each period, by SIGSTOP and SIGCONT, as a CPU quota (cgroup's cpu.max) does. Returns what ends
 * it.
 */
export function throttle(pid: number, { runMs, periodMs }: { runMs: number; periodMs: number }): () => void {
  let stopAt: NodeJS.Timeout | undefined;
  const runAndStop = (): void => {
    process.kill(pid, 'SIGCONT');
    stopAt = setTimeout(() => process.kill(pid, 'SIGSTOP'), runMs);
  };
  runAndStop();
  const timer = setInterval(runAndStop, periodMs);
  return () => {
    clearInterval(timer);
    clearTimeout(stopAt);
    process.kill(pid, 'SIGCONT');
  };
}
