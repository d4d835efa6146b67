import { z } from 'zod';
import type { NodeStatus } from '../../common/workers/workerRegistry.ts';
import type { ListedWorker } from '../../common/workers/workerStatus.ts';

/** A node as the resource API shows it: a host, by its NODE_ID. */
export const nodeView = z
  .object({
    node: z.string(),
    draining: z.boolean().meta({ description: 'An operator has drained it; it stays so until that is ended.' }),
    drained: z.boolean().meta({ description: 'It is drained, and none of its workers has a stream left.' }),
    workers: z.array(z.string()).meta({ description: 'Its live workers.' }),
    streams: z.number(),
    last_seen: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'When a worker of it was last alive; null: not for 30 days.' }),
  })
  .meta({ id: 'Node' });

/** @param workers all live workers */
export function viewNode(
  { node, draining, seenAt }: NodeStatus,
  workers: readonly ListedWorker[],
): z.output<typeof nodeView> {
  const own = workers.filter(worker => worker.node === node);
  return {
    node,
    draining,
    drained: draining && own.every(({ isDrained }) => isDrained),
    workers: own.map(({ id }) => id),
    streams: own.reduce((sum, { streams }) => sum + streams, 0),
    last_seen: seenAt === undefined ? null : new Date(seenAt).toISOString(),
  };
}
