import type { HostBenchOptions } from '../../bench/host/hostBench.ts';
import type { LocalContext } from '../commandContext.ts';

/**
 * Measures what a stream of each profile costs on this host, in a cluster of its own, and prints PROFILE_COSTS and WORKER_STREAMS.
 * Takes some minutes. With `json` one line of JSON.
 */
export async function benchHost(
  { terminal: { out, err } }: Pick<LocalContext, 'terminal'>,
  options: HostBenchOptions,
  json: boolean,
): Promise<number> {
  // A cluster with an S3 server: loaded for this command alone.
  const { hostBench } = await import('../../bench/host/hostBench.ts');
  err('measuring: this takes some minutes, and other work on this host makes the figures too high');
  const measured = await hostBench(options, json ? () => undefined : out);
  if (json) out(JSON.stringify(measured));
  return 0;
}
