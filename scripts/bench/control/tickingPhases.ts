import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamJob } from '../../../common/redis/queues.ts';
import { mintStreamKey } from '../../../common/srt/mintStreamKey.ts';
import { srtUrl } from '../../../common/srt/srtUrl.ts';
import type { StreamLease } from '../../../worker/claim/streamLease.ts';
import { openOnLeasedPort } from '../../../worker/ingest/openOnLeasedPort.ts';
import type { PortLeases } from '../../../worker/ingest/portLease.ts';
import type { SessionPhases } from '../../../worker/session/sessionContract.ts';
import { type TickingDeps, TickingOutput } from './tickingOutput.ts';

const SECRET = 'a-secret-of-the-control-bench';
/** How long an encoder takes to come (ms), at most. */
const ENCODER_MS = 2_000;

/**
 * The phases of a session without media: the port is leased but not bound, an encoder "comes" within two seconds, and a
 * segment is "closed" every so many seconds until the session ends.
 */
export function tickingPhases(
  deps: TickingDeps & { ports: PortLeases },
  job: StreamJob,
  lease: StreamLease,
): SessionPhases {
  const { streamId, run } = job;
  let output: TickingOutput | undefined;
  return {
    openOutput: async events => {
      output = await TickingOutput.open(deps, job, lease.token, events);
      return output;
    },
    openIngest: async ({ onEncoder }, signal) => {
      const ingest = await openOnLeasedPort({
        host: { openListener: async ({ port }) => ({ port, close: async () => undefined }) },
        ports: deps.ports,
        holder: `${streamId}.${run}`,
        listen: {
          ...{ bind: '127.0.0.1', latencyMs: 200, log: deps.log },
          admit: () => undefined as never,
          onPublisher: () => undefined,
        },
        signal,
      });
      const key = mintStreamKey({ streamId, run, secret: SECRET, ttlSeconds: 7_200 });
      setTimeout(
        () => onEncoder({ peer: 'none', media: Readable.from([]), close: () => undefined }),
        Math.random() * ENCODER_MS,
      );
      const { port } = ingest;
      const address = { srtUrl: srtUrl({ host: '127.0.0.1', port }, streamId, key), urlGeneration: 0 };
      const rekey = () => ({ ...address, disconnected: 0 });
      const place = { routed: '', ingest: `${lease.token}/${port}/127.0.0.1` };
      return { port, place, ...address, rekey, close: () => ingest.close() };
    },
    givePortBack: async () => undefined,
    transcode: async (_encoder, sink, { signal }) => {
      const { firstNumber } = await sink.openEpoch(Date.now(), { followsSource: false, renditions: [0] });
      for (let number = firstNumber; ; number += 1) {
        await sleep(deps.segmentSeconds * 1000, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return { cause: 'aborted', sawPicture: true };
        output?.tick(number);
      }
    },
  };
}
