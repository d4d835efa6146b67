import { parseArgs } from 'node:util';
import { RouterBed } from './routerBed.ts';

/**
 * What routers cost: packets lost, latency added, CPU, for some numbers of flows of 2 Mb/s, by each way of reading packets.
 * @param args `--flows 100` (may be repeated), `--seconds 10`, `--io mmsg` (may be repeated)
 */
export async function routerBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      flows: { type: 'string', multiple: true, default: ['1', '20', '100', '300'] },
      seconds: { type: 'string', default: '10' },
      io: { type: 'string', multiple: true, default: ['dgram', 'mmsg'] },
    },
  });
  const seconds = Number(values.seconds);
  console.log(
    '  io      flows   sent      lost  dropped by the kernel  CPU of a core  µs/packet  p50 ms  p99 ms  max ms',
  );
  for (const io of values.io) {
    const bed = await RouterBed.start(io);
    try {
      for (const flows of values.flows.map(Number)) {
        // Past the router once for each number, to compare with.
        for (const direct of io === values.io[0] ? [true, false] : [false]) {
          const { sent, received, latencies, cpu, drops } = await bed.run({ flows, seconds, direct });
          const share = direct ? '' : `${(100 * cpu).toFixed(1)} %`;
          // Half as many acknowledgements go back.
          const each = direct ? '' : ((cpu * seconds * 1e6) / (1.5 * sent)).toFixed(1);
          const { p50, p99, max } = latencies;
          const columns: [string | number, number][] = [
            [direct ? 'none' : io, -7],
            [flows, 6],
            [sent, 9],
            [sent - received, 7],
            [direct ? '' : drops, 22],
            [share, 15],
            [each, 11],
            ...[p50, p99, max].map((ms): [string, number] => [ms.toFixed(2), 8]),
          ];
          const padded = columns.map(([text, width]) =>
            width < 0 ? String(text).padEnd(-width) : String(text).padStart(width),
          );
          console.log(`  ${padded.join('')}`);
        }
      }
    } finally {
      await bed.stop();
    }
  }
}
