import { z } from 'zod';
import type { RouterStatus } from '../../common/routers/routerStatus.ts';

const counts = (description: string) => z.record(z.string(), z.number()).meta({ description });

/** A router as the resource API shows it. */
export const routerView = z
  .object({
    id: z.string().meta({ description: '`<node>-<random>`: one process.' }),
    address: z.string().meta({ description: 'The host in its SRT URLs.' }),
    port: z.number(),
    version: z.string(),
    connections: z.number().meta({ description: 'Encoders that are connected by it.' }),
    since: z.iso.datetime(),
    totals: z
      .object({
        packets_up: z.number().meta({ description: 'From encoders to workers.' }),
        packets_down: z.number(),
        bytes_up: z.number(),
        bytes_down: z.number(),
        kernel_drops: z.number().meta({ description: 'Packets that the kernel dropped: the buffer was full.' }),
        rebinds: z.number().meta({ description: 'Encoders that were followed to another address.' }),
        refused: counts('Encoders that were refused, by reject code (docs/ingestion.md).'),
        unanswered: z.number().meta({ description: 'Callers of addresses that were refused too often in a second.' }),
        workers_lost: counts('Connections whose worker was lost: refused, silent, left.'),
        moved: counts('How that ended: migrated, returned, shut_down, caller_gone.'),
      })
      .meta({ description: 'Counts since it began.' }),
  })
  .meta({ id: 'Router' });

export type RouterView = z.output<typeof routerView>;

/** A router as the resource API shows it. */
export function viewRouter({ id, host, port, version, flows, since, totals }: RouterStatus): RouterView {
  return {
    ...{ id, address: host, port, version, connections: flows, since: new Date(since).toISOString() },
    totals: {
      packets_up: totals.packetsUp,
      packets_down: totals.packetsDown,
      bytes_up: totals.bytesUp,
      bytes_down: totals.bytesDown,
      kernel_drops: totals.kernelDrops,
      rebinds: totals.rebinds,
      refused: totals.refusals,
      unanswered: totals.unanswered,
      workers_lost: totals.losses,
      moved: totals.drifts,
    },
  };
}
