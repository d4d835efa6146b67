import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../harness/waitFor.ts';
import type { Pictures } from './pictureWatch.ts';
import type { HostedProcess, RoutedStream, RouterChaos } from './routerChaos.ts';

/** What a fault did to one stream. Times in ms since the fault. */
export interface RoutedRow extends Pictures {
  stream: string;
  /** Another worker had the lease; had read what is published; had the encoder. */
  claimed: number;
  read: number;
  connected: number;
  /** The next new segment was listed. */
  listed: number;
  /** The encoder's connection ended. */
  broken: boolean;
}

/** For how long a shared address stays with a dead router. */
const MOVE_MS = 1_000;
const RETURN_MS = 8_000;
const LIMIT_MS = 40_000;

type Round = (chaos: RouterChaos) => Promise<RoutedRow[]>;

/** Something happens to a worker that has streams; what became of them. `after` puts everything right again. */
async function workerRound(
  chaos: RouterChaos,
  options: {
    fault: (worker: HostedProcess) => Promise<void>;
    after: (worker: HostedProcess) => Promise<void>;
    /** The other workers of its host are lost with it. */
    wholeHost?: boolean;
  },
): Promise<RoutedRow[]> {
  const worker = chaos.workers.toSorted((a, b) => chaos.ownedBy(b).length - chaos.ownedBy(a).length)[0];
  if (!worker) throw new Error('no worker is left');
  const lost = chaos.workers.filter(other => other === worker || (options.wholeHost && other.host === worker.host));
  const streams = lost.flatMap(each => chaos.ownedBy(each));
  const before = streams.map(({ watch, encoder }) => ({ count: watch.count, breaks: encoder.breaks }));
  const at = Date.now();
  await options.fault(worker);
  for (const each of lost) chaos.workers.splice(chaos.workers.indexOf(each), 1);
  for (const stream of streams)
    await waitFor(`${stream.id}'s next segment`, () => !Number.isNaN(times(chaos, stream, at).listed), LIMIT_MS);
  await Promise.all([options.after(worker), chaos.allLive()]);
  chaos.workers.push(...lost.filter(({ child }) => !chaos.hasEnded(child)));
  return Promise.all(
    streams.map(async (stream, i) => {
      const { count, breaks } = before[i] ?? { count: 0, breaks: 0 };
      return {
        ...{ stream: stream.id, broken: stream.encoder.breaks > breaks },
        ...times(chaos, stream, at),
        ...(await stream.watch.judge(count)),
      };
    }),
  );
}

function times(chaos: RouterChaos, { id, watch }: RoutedStream, at: number) {
  const first = (msg: string): number =>
    Math.min(...chaos.workers.flatMap(worker => chaos.times(worker, msg, id).filter(time => time >= at))) - at;
  // A segment that is listed before that is still the lost worker's.
  const connected = first('encoder connected');
  return {
    claimed: first('lease taken'),
    read: first('ledger read; publishing begins'),
    connected,
    listed: (watch.listedAt(at + connected) ?? Number.NaN) - at,
  };
}

/** kill -9 of a worker; a new one takes its place. */
export const killWorker: Round = chaos =>
  workerRound(chaos, {
    fault: async ({ child }) => {
      child.kill('SIGKILL');
      await child.exited;
    },
    after: ({ host }) => chaos.addWorker(host),
  });

/** SIGSTOP of a worker. It goes on when its streams have another one, and finds itself fenced. */
export const freezeWorker: Round = chaos =>
  workerRound(chaos, {
    fault: async ({ child }) => child.kill('SIGSTOP'),
    after: async ({ child }) => child.kill('SIGCONT'),
  });

/** A host loses its network, with all its workers. They find themselves fenced when it is back. */
export const cutHost: Round = chaos =>
  workerRound(chaos, {
    wholeHost: true,
    fault: ({ host }) => host.plug(false),
    after: async ({ host }) => {
      await sleep(2_000);
      await host.plug(true);
      // Its workers find Redis again, and their streams lost.
      await sleep(RETURN_MS);
    },
  });

/** SIGTERM of a worker that has streams: it hands them over. A new one takes its place. */
export const restartWorker: Round = chaos =>
  workerRound(chaos, {
    fault: async ({ child }) => child.kill('SIGTERM'),
    after: async ({ child, host }) => {
      await child.exited;
      await chaos.addWorker(host);
    },
  });

/** kill -9 of the router that has the address, which moves to the other one. */
export async function killRouter(chaos: RouterChaos): Promise<RoutedRow[]> {
  const [router, other] = chaos.routers;
  if (!router || !other) throw new Error('two routers are needed');
  const before = chaos.streams.map(({ watch, encoder }) => ({ count: watch.count, breaks: encoder.breaks }));
  const at = Date.now();
  router.child.kill('SIGKILL');
  await sleep(MOVE_MS);
  await chaos.lab.share(other.host);
  const isBack = (id: string): boolean =>
    chaos.workers.some(worker => chaos.times(worker, 'encoder connected', id).some(time => time >= at));
  for (const { id } of chaos.streams) await waitFor(`${id}'s encoder`, () => isBack(id), LIMIT_MS);
  chaos.routers.shift();
  await chaos.addRouter(router.host);
  await chaos.allLive();
  return Promise.all(
    chaos.streams.map(async (stream, i) => {
      const { count, breaks } = before[i] ?? { count: 0, breaks: 0 };
      const broken = stream.encoder.breaks > breaks;
      return { stream: stream.id, broken, ...times(chaos, stream, at), ...(await stream.watch.judge(count)) };
    }),
  );
}
