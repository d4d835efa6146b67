import { waitFor } from '../harness/waitFor.ts';
import type { ChaosCluster, ChaosStream, ChaosWorker } from './chaosCluster.ts';

/** What passed between a worker's kill -9 and the next segment that viewers got, ms since the kill. */
export interface FailOver {
  /** Another worker of the host knew that this one is dead; NaN: there is none, and its lease had to run out. */
  noticed: number;
  /** Another worker had the stream's lease. */
  claimed: number;
  /** The port was open again. */
  listening: number;
  /** The encoder knew that its peer is gone (libsrt: 5 s of silence). */
  encoderLost: number;
  encoderBack: number;
  /** The new owner's first segment was in the playlist. */
  listed: number;
  samePort: boolean;
}

const LIMIT_MS = 40_000;

/** Kills the worker that runs most streams; answers when each of them is on air again. A new worker takes its place. */
export async function killRound(chaos: ChaosCluster): Promise<FailOver[]> {
  const { worker, streams } = chaos.busiest();
  const at = Date.now();
  worker.child.kill('SIGKILL');
  await worker.child.exited;
  chaos.workers.splice(chaos.workers.indexOf(worker), 1);
  await chaos.allMoved(streams, worker, at, LIMIT_MS);
  const times = await Promise.all(streams.map(stream => failOver(chaos, worker, stream, at)));
  await chaos.addWorker();
  await chaos.allLive();
  return times;
}

async function failOver(
  chaos: ChaosCluster,
  dead: ChaosWorker,
  { id, encoder }: ChaosStream,
  at: number,
): Promise<FailOver> {
  const owner = await waitFor(`${id}'s new owner`, () => chaos.ownerOf(id));
  const first = (msg: string): number => (chaos.lines(owner, id, msg, at)[0]?.at ?? Number.NaN) - at;
  const noticed = chaos.workers.flatMap(({ child }) =>
    child.log
      .filter(line => line.msg === 'a worker of this host has died; its streams are queued again')
      .map(line => Date.parse(String(line.time))),
  );
  const portOf = (worker: ChaosWorker): unknown => chaos.lines(worker, id, 'listener open').at(-1)?.port;
  return {
    noticed: (noticed.toSorted().find(time => time >= at) ?? Number.NaN) - at,
    claimed: first('lease taken'),
    listening: first('listener open'),
    encoderLost: (encoder.losses.find(time => time >= at) ?? Number.NaN) - at,
    encoderBack: first('encoder connected'),
    listed: first('segment listed'),
    samePort: portOf(owner) === portOf(dead),
  };
}
