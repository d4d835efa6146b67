import { mediaPlaylists } from '../harness/player.ts';
import { waitFor } from '../harness/waitFor.ts';
import type { ChaosCluster, ChaosStream } from './chaosCluster.ts';

const LIMIT_MS = 60_000;

/**
 * All workers are killed, and every stream is stopped while it has no owner. The workers that start then carry each stop out in
 * full. Afterwards the streams are started again, as new runs.
 * @param again `after-stopped`: an app starts a stream when it is STOPPED; `at-once`: it asks again and again from the stop on,
 *   so that the new run begins in the last moments of the old one
 * @returns what went wrong, one sentence each
 */
export async function gapRound(chaos: ChaosCluster, again: 'after-stopped' | 'at-once'): Promise<string[]> {
  const { cluster, streams } = chaos;
  const workers = chaos.workers.splice(0);
  for (const { child } of workers) child.kill('SIGKILL');
  await Promise.all(workers.map(({ child }) => child.exited));
  const at = Date.now();
  for (const { id } of streams) await cluster.client.stop(id);
  const starting = again === 'at-once' ? Promise.all(streams.map(stream => startAgain(chaos, stream))) : undefined;
  for (const _ of workers) await chaos.addWorker();
  const faults = await Promise.all(streams.map(stream => ended(chaos, stream, at)));
  // Where the new run waits for this one to be over, the playlist still says so.
  if (again === 'after-stopped') faults.push(...(await Promise.all(streams.map(endListMissing))));
  chaos.ends += 1;
  await (starting ?? Promise.all(streams.map(stream => startAgain(chaos, stream))));
  // Encoders get the new run's URL from its webhook; the old one's key is refused by now.
  await chaos.allLive(LIMIT_MS);
  return faults.flat();
}

/** The end that each stop must have: reported once, with its reason. */
async function ended(chaos: ChaosCluster, { id }: { id: string }, since: number): Promise<string[]> {
  const { app } = chaos;
  const end = await waitFor(
    `${id} to report STOPPED`,
    () => app.received.find(event => isEnd(event, id, since)),
    LIMIT_MS,
  );
  const ends = new Set(app.received.filter(event => isEnd(event, id, since)).map(({ EventId }) => EventId));
  return [
    ...(end.Reason === 'user_stop' ? [] : [`${id}: stopped in the gap, and the reason is ${end.Reason}`]),
    ...(ends.size === 1 ? [] : [`${id}: stopped in the gap, STOPPED reported ${ends.size} times`]),
  ];
}

async function endListMissing({ id, url }: { id: string; url: string }): Promise<string[]> {
  const open = (await mediaPlaylists(url)).filter(({ ended }) => !ended);
  return open.map(() => `${id}: stopped in the gap, and a playlist has no EXT-X-ENDLIST`);
}

const isEnd = (event: { StreamId: string; Status: string; Time: string }, id: string, since: number): boolean =>
  event.StreamId === id && event.Status === 'STOPPED' && Date.parse(event.Time) >= since;

/** Asks until the API takes it: before that the old run still runs (409). */
async function startAgain(chaos: ChaosCluster, stream: ChaosStream): Promise<void> {
  const start = async (): Promise<boolean> => (await chaos.startRun(stream)).status === 200;
  await waitFor(`${stream.id} to be started again`, start, LIMIT_MS);
}
