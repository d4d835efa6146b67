import { waitFor } from '../e2e/harness/waitFor.ts';
import type { RoomView } from './controlRoom.ts';
import type { Fault } from './fault.ts';
import type { FaultLab } from './faultLab.ts';

const problem =
  (code: string, fault: string) =>
  ({ stream }: RoomView): boolean =>
    stream?.health?.problems.some(each => each.code === code && each.fault === fault) ?? false;
const event =
  (reason: string) =>
  ({ events }: RoomView): boolean =>
    events.some(each => each.reason === reason);
const TS = /\.ts(\?|$)/;

/** An FFmpeg that gets a share of the CPU only, as on a host that is too busy. Ends with the process. */
async function starve(lab: FaultLab): Promise<void> {
  const { ffmpegPid } = await waitFor('FFmpeg', () => lab.owner.log.find(line => line.msg === 'FFmpeg started'));
  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(Number(ffmpegPid), name);
    } catch {
      clearInterval(timer);
    }
  };
  const timer = setInterval(() => {
    signal('SIGCONT');
    setTimeout(() => signal('SIGSTOP'), 5);
  }, 1_000);
}

/** Faults of workers, the store, Redis and receivers. */
export const clusterFaults: readonly Fault[] = [
  {
    name: 'cpu-starved',
    what: 'the FFmpeg of the stream gets too little CPU',
    shows: 'stream: `slow_encode` (worker), with the speed; page Workers: "encodes run below real time"',
    inject: async lab => {
      await lab.live();
      await starve(lab);
    },
    isNamed: problem('slow_encode', 'worker'),
  },
  {
    name: 'worker-killed',
    what: 'a worker was killed (kill -9)',
    shows: 'stream: `worker_lost` in its timeline; page Workers: one worker fewer',
    inject: async lab => {
      await lab.live();
      lab.owner.kill('SIGKILL');
    },
    isNamed: event('worker_lost'),
  },
  {
    name: 'worker-frozen',
    what: 'a worker is frozen (SIGSTOP)',
    shows: 'stream: `worker_lost` in its timeline; page Workers: one worker fewer',
    inject: async lab => {
      await lab.live();
      lab.owner.kill('SIGSTOP');
    },
    isNamed: view => event('worker_lost')(view) && view.workers.length === 1,
    undo: lab => {
      for (const worker of lab.cluster.workers) worker.kill('SIGCONT');
    },
  },
  {
    name: 'node-drained',
    what: 'the node was drained and forgotten, so a new stream waits',
    shows: 'stream: `no_capacity`, "2 draining"; page Workers: badge Drained, button "Take streams again"',
    inject: async lab => {
      const { v1 } = lab.cluster.client;
      await v1.call('drainNode', { params: { node: 'test-node' }, body: { draining: true } });
      // A worker notices with its next heartbeat.
      await waitFor('drained workers', async () => (await v1.workers()).every(({ drained }) => drained));
      await v1.streams.create({ stream_id: 'show' });
    },
    isNamed: view =>
      view.stream?.reason === 'no_capacity' &&
      /draining/.test(view.stream.update ?? '') &&
      view.workers.every(({ drained_by: by }) => by === 'node'),
  },
  {
    name: 'no-room',
    what: 'all workers are full',
    shows: 'stream: INITIALISED, `no_capacity`, "2 full"; page Workers: badge Full, no unit free',
    env: { WORKER_STREAMS: '1' },
    inject: async lab => {
      const { v1 } = lab.cluster.client;
      for (const id of ['one', 'two']) {
        await v1.streams.create({ stream_id: id });
        await lab.cluster.client.inState(id, 'READY');
      }
      await v1.streams.create({ stream_id: 'show' });
    },
    isNamed: view => view.stream?.reason === 'no_capacity' && view.workers.every(({ full }) => full),
  },
  {
    name: 'no-ports',
    what: 'the UDP ports of the node are used up',
    shows: 'stream: STOPPED, `ports_exhausted`, with the range and the node',
    env: { SRT_PORTS: '29990' },
    inject: async lab => {
      const { v1 } = lab.cluster.client;
      await v1.streams.create({ stream_id: 'one' });
      await lab.cluster.client.inState('one', 'READY');
      await v1.streams.create({ stream_id: 'show' });
    },
    isNamed: ({ stream }) => stream?.reason === 'ports_exhausted' && /29990/.test(stream.update ?? ''),
  },
  {
    name: 'store-slow',
    what: 'the store takes 8 s for each segment',
    shows: 'stream: `upload_late` (storage), with the delay',
    inject: async lab => {
      await lab.live();
      lab.cluster.faults?.set({ kind: 'delay', method: 'PUT', match: TS, delayMs: 8_000 });
    },
    isNamed: problem('upload_late', 'storage'),
  },
  {
    name: 'store-away',
    what: 'the store cannot be reached',
    shows: 'stream: `upload_late` (storage), with the segments that wait and the failed uploads',
    inject: async lab => {
      await lab.live();
      await lab.cluster.faults?.refuse();
    },
    isNamed: view => problem('upload_late', 'storage')(view),
    undo: lab => void lab.cluster.faults?.clear(),
  },
  {
    name: 'store-refuses',
    what: "the store's keys were revoked (403)",
    shows: 'stream: STOPPED, `storage_error`, with the variables to check',
    inject: async lab => {
      await lab.live();
      const body = '<Error><Code>InvalidAccessKeyId</Code><Message>no such key</Message></Error>';
      lab.cluster.faults?.set({ kind: 'status', code: 403, body });
    },
    isNamed: ({ stream }) => stream?.state === 'STOPPED' && stream.reason === 'storage_error',
  },
  {
    name: 'store-loses',
    what: 'the store fails for every other segment, over all attempts',
    shows: 'stream: `segments_lost` (storage), with their number; gaps in its table of segments',
    env: { UPLOAD_ATTEMPTS: '1' },
    inject: async lab => {
      await lab.live();
      lab.cluster.faults?.set({ kind: 'status', code: 500, method: 'PUT', match: /[13579]\.ts/ });
    },
    isNamed: view => problem('segments_lost', 'storage')(view) || problem('upload_late', 'storage')(view),
  },
  {
    name: 'spool-full',
    what: 'the store is away, and the spool has reached its bound',
    shows: 'stream: `segments_dropped` in its timeline, and `upload_late` (storage)',
    env: { SPOOL_MAX_BYTES: '1000000', SINGLE: JSON.stringify({ width: 320, height: 180, video: 1_500, audio: 64 }) },
    inject: async lab => {
      const noise = ['-vf', 'noise=alls=100:allf=t', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '15'];
      await lab.live({}, { codecs: [...noise, '-c:a', 'aac'] });
      await lab.cluster.faults?.refuse();
    },
    isNamed: event('segments_dropped'),
    undo: lab => void lab.cluster.faults?.clear(),
  },
  {
    name: 'redis-frozen',
    what: 'Redis stands still',
    shows: 'every page: "The server does not answer. What you see is old."; the API answers 503 `redis_unavailable`',
    inject: async lab => {
      await lab.live();
      process.kill(lab.cluster.redis.pid, 'SIGSTOP');
    },
    isNamed: ({ isAway }) => isAway,
    undo: lab => void process.kill(lab.cluster.redis.pid, 'SIGCONT'),
  },
  {
    name: 'api-away',
    what: 'the API process was killed',
    shows: 'every page: "The server does not answer. What you see is old."',
    inject: async lab => {
      await lab.live();
      lab.cluster.api.kill('SIGKILL');
    },
    isNamed: ({ isAway }) => isAway,
  },
  {
    name: 'webhook-silent',
    what: 'the receiver of the webhooks does not answer',
    shows: 'stream: webhook deliveries `retrying`, without an answer and with the error',
    inject: async lab => {
      lab.webhookStatus = 0;
      await lab.start();
    },
    isNamed: ({ deliveries }) =>
      deliveries.some(
        ({ status, error, response_status: answer }) => status === 'retrying' && error && answer === null,
      ),
  },
  {
    name: 'webhook-fails',
    what: 'the receiver of the webhooks answers 500',
    shows: 'stream: webhook deliveries `retrying`, with the answer 500',
    inject: async lab => {
      lab.webhookStatus = 500;
      await lab.start();
    },
    isNamed: ({ deliveries }) =>
      deliveries.some(({ status, response_status: answer }) => status === 'retrying' && answer === 500),
  },
];
