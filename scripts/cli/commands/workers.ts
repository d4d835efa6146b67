import type { Worker } from '../../../client/index.ts';
import type { CommandContext } from '../commandContext.ts';
import { table } from '../table.ts';

const heading = ['WORKER', 'NODE', 'ADDRESS', 'STREAMS', 'UNITS', 'PROFILES', 'LOAD', 'VERSION', 'SINCE', 'STATE'];

/** Prints the live workers. */
export async function workers({ client, terminal: { out }, json }: CommandContext): Promise<number> {
  const workers = await client.workers();
  if (json) for (const worker of workers) out(JSON.stringify(worker));
  else if (workers.length === 0) out('no workers');
  else for (const line of table([heading, ...workers.map(row)])) out(line);
  return 0;
}

const row = (w: Worker): string[] => [
  ...[
    w.id,
    w.node,
    w.address,
    `${w.streams}`,
    `${w.units_used}/${w.slots}`,
    profiles(w),
    w.load.cpu.toFixed(2),
    w.version,
  ],
  ...[w.since.slice(0, 19), state(w)],
];

const profiles = (w: Worker): string =>
  Object.entries(w.profiles ?? {})
    .map(([profile, count]) => `${count} ${profile}`)
    .join(', ');

function state({ draining, drained, staying, busy, full }: Worker): string {
  if (drained) return 'drained';
  if (draining) return staying ? `draining: ${staying}` : 'draining';
  if (busy) return `busy: ${busy}`;
  return full ? 'full' : 'taking streams';
}
