import type { Livetran, Worker } from '../../../client/index.ts';
import { waitUntil } from '../../lib/waitUntil.ts';
import type { CommandContext } from '../commandContext.ts';

/** Longer than any hand-over; a stream that fits nowhere can stay for hours. */
const WAIT_MS = 24 * 3_600_000;

export interface DrainFlags {
  wait?: boolean;
}

/**
 * Drains a worker or a node, or ends that. With `wait` it returns when no stream is left there.
 * @param target a worker's id, or a node's name
 */
export async function drain(
  { client, terminal: { out, err }, json }: CommandContext,
  target: string,
  draining: boolean,
  { wait = false }: DrainFlags = {},
): Promise<number> {
  const body = { draining };
  const isWorker = (await client.workers()).some(({ id }) => id === target);
  const changed = isWorker
    ? await client.call('drainWorker', { params: { worker_id: target }, body })
    : await client.call('drainNode', { params: { node: target }, body });
  if (!wait || !draining) {
    out(json ? JSON.stringify(changed) : sentence(target, draining, changed.streams));
    return 0;
  }
  let said = '';
  const isEmpty = async (): Promise<boolean> => {
    const left = await workersOf(client, target, isWorker);
    const progress = left.flatMap(({ id, streams, staying }) =>
      streams > 0 ? `${id}: ${staying ?? `${streams} left`}` : [],
    );
    if (progress.length > 0 && progress.join() !== said) err(progress.join('\n'));
    said = progress.join();
    return left.every(({ drained }) => drained);
  };
  await waitUntil('no stream left', isEmpty, { timeoutMs: WAIT_MS, everyMs: 500 });
  if (json) out(JSON.stringify({ ...(isWorker ? { id: target } : { node: target }), drained: true }));
  else out(`${target}: drained, no stream is left`);
  return 0;
}

/** A worker that is gone has no stream left either. */
async function workersOf(client: Livetran, target: string, isWorker: boolean): Promise<Worker[]> {
  return (await client.workers()).filter(({ id, node }) => (isWorker ? id : node) === target);
}

function sentence(target: string, draining: boolean, streams: number): string {
  if (!draining) return `${target}: takes streams again`;
  return `${target}: drained; ${streams === 0 ? 'no stream is there' : `${streams} to move (--wait waits for them)`}`;
}
