import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { RouterRegistry } from '../../../common/routers/routerRegistry.ts';
import { type FloodKind, type FloodOrder, floodKinds } from './floodKinds.ts';
import { RouterBed } from './routerBed.ts';

const SAMPLE_MS = 1_000;

/**
 * Floods at a router beside live flows of 2 Mb/s: what the flows lose, what the router keeps, and what it logs.
 * @param args `--flows 20`, `--seconds 20`, `--rate 10000` packets a second, `--io auto`
 */
export async function floodBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      flows: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '20' },
      rate: { type: 'string', default: '10000' },
      io: { type: 'string', default: 'auto' },
    },
  });
  const [flows, seconds, perSecond] = [values.flows, values.seconds, values.rate].map(Number) as [
    number,
    number,
    number,
  ];
  const bed = await RouterBed.start(values.io);
  try {
    for (const kind of ['none', ...floodKinds] as const) {
      const rss: number[] = [];
      const lines = bed.router.log.length;
      const sampler = setInterval(() => rss.push(Math.round(bed.rssMegabytes)), SAMPLE_MS);
      const meanwhile = async (): Promise<void> => {
        if (kind !== 'none') await flood(bed, { kind, perSecond, seconds, port: bed.cluster.port });
      };
      const { sent, received, cpu, drops, latencies } = await bed.run({ flows, seconds, meanwhile });
      clearInterval(sampler);
      // Longer than from one heartbeat to the next: the callers have hung up.
      await new Promise(resolve => setTimeout(resolve, 3_000));
      const [status] = await new RouterRegistry(bed.cluster.redis).list();
      console.log(`${kind === 'none' ? 'no flood' : `${perSecond}/s ${kind}`}, ${flows} flows, ${seconds} s`);
      console.log(`  flows: ${sent} packets sent, ${sent - received} lost; ${drops} dropped by the kernel of all`);
      console.log(`  latency: p50 ${latencies.p50.toFixed(2)} ms, p99 ${latencies.p99.toFixed(2)} ms`);
      console.log(`  router: ${(100 * cpu).toFixed(0)} % of a core; RSS ${rss.join(' ')} MB`);
      console.log(`  kept afterwards: ${status?.flows} flows; ${bed.router.log.length - lines} log lines`);
    }
  } finally {
    await bed.stop();
  }
}

async function flood(bed: RouterBed, order: Omit<FloodOrder, 'streamIds'> & { kind: FloodKind }): Promise<void> {
  const { streamIdText } = await bed.cluster.stream(`flooded-${order.kind.replaceAll(/\W+/g, '-')}`);
  const flooder = fork(new URL('./flooder.ts', import.meta.url));
  // The signature's last character stands for bits that count.
  const streamIds = [`${streamIdText.slice(0, -4)}AAAA`];
  flooder.send({ ...order, streamIds } satisfies FloodOrder);
  await once(flooder, 'message');
  flooder.disconnect();
  await once(flooder, 'exit');
}
