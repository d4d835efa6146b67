import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Redis } from 'ioredis';
import { createLogger } from '../../../common/createLogger.ts';
import { quantile } from '../quantile.ts';
import { startSimulatedWorker, type UploadsMode } from './simulatedWorker.ts';

/** What one process of simulated workers counted since the last request. */
export interface WorkerFigures {
  /** Commands that were sent to Redis; a script counts once. */
  commands: number;
  segments: number;
  /** From closed to stored, through the queue (ms). */
  storedP50: number;
  storedP99: number;
  /** Event loop delay, p99 (ms): above some 50 ms this process is what is measured. */
  lagP99: number;
  /** Share of a core. */
  cpu: number;
}

export interface WorkersOptions {
  redisUrl: string;
  nodes: readonly string[];
  slots: number;
  segmentSeconds: number;
  renditions: number;
  uploads: UploadsMode;
  hmacSecret: string;
  logLevel: string;
}

/** A process of its own (started with fork): some simulated workers, that answer `figures` and `stop`. */
const options = JSON.parse(process.argv[2] ?? '{}') as WorkersOptions;

let commands = 0;
const { sendCommand } = Redis.prototype;
Redis.prototype.sendCommand = function count(...args) {
  commands += 1;
  return sendCommand.apply(this, args);
};

const lag = monitorEventLoopDelay({ resolution: 10 });
lag.enable();
let stored: number[] = [];
let cpu = process.cpuUsage();
let since = performance.now();

const log = createLogger({ level: options.logLevel, name: 'simulated' });
const workers = options.nodes.map(node =>
  startSimulatedWorker({ ...options, node, log, onStored: ms => void stored.push(ms) }),
);

function figures(): WorkerFigures {
  const used = process.cpuUsage(cpu);
  const elapsed = performance.now() - since;
  const told = {
    commands,
    segments: stored.length,
    storedP50: quantile(stored, 0.5),
    storedP99: quantile(stored, 0.99),
    lagP99: lag.percentile(99) / 1e6,
    cpu: (used.user + used.system) / 1000 / elapsed,
  };
  commands = 0;
  stored = [];
  lag.reset();
  cpu = process.cpuUsage();
  since = performance.now();
  return told;
}

process.on('message', message => {
  if (message === 'figures') process.send?.(figures());
  if (message === 'stop') void Promise.all(workers.map(worker => worker.stop())).then(() => process.exit());
});
// Whoever started it is gone.
process.on('disconnect', () => process.exit(1));
