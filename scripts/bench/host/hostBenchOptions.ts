import { parseArgs } from 'node:util';
import type { HostBenchOptions } from './hostBench.ts';

/** `--size 1280x720 --rate 30 --kbps 5000 --seconds 20`: of the source. Throws TypeError for another option. */
export function hostBenchOptions(args: readonly string[]): HostBenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      size: { type: 'string', default: '1280x720' },
      rate: { type: 'string', default: '30' },
      kbps: { type: 'string', default: '5000' },
      seconds: { type: 'string', default: '20' },
    },
  });
  return { size: values.size, rate: Number(values.rate), kbps: Number(values.kbps), seconds: Number(values.seconds) };
}
