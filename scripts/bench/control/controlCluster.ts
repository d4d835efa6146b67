import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { startRedis } from '../../../common/testing/startRedis.ts';
import { ApiClient } from '../../e2e/harness/apiClient.ts';
import { startChild } from '../../e2e/harness/childProcess.ts';
import type { UploadsMode } from './simulatedWorker.ts';
import type { WorkerFigures, WorkersOptions } from './workers.ts';

const HMAC_SECRET = 'hmac-secret-of-the-control-bench';
const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface ControlOptions {
  workers: number;
  /** The simulated workers share so many processes. */
  processes: number;
  workersPerNode: number;
  slots: number;
  segmentSeconds: number;
  renditions: number;
  uploads: UploadsMode;
  logLevel: string;
}

export interface ControlCluster {
  client: ApiClient;
  redis: Redis;
  /** Of each process of workers, since the last call. */
  figures(): Promise<WorkerFigures[]>;
  stop(): Promise<void>;
}

/** A real Redis (AOF, every second), a real API, and simulated workers in a few processes. */
export async function startControlCluster(options: ControlOptions): Promise<ControlCluster> {
  const dir = await mkdtemp(join(tmpdir(), 'livetran-control-'));
  const aofDir = join(dir, 'redis');
  await mkdir(aofDir);
  const server = await startRedis(undefined, aofDir);
  const env = {
    ...{
      HMAC_SECRET,
      JWT_SECRET: HMAC_SECRET,
      WEBHOOK_ALLOW_PRIVATE: 'on',
      REDIS_URL: server.url,
      DATA_DIR: dir,
      OUTPUT_DIR: dir,
      LOG_LEVEL: 'info',
    },
    ...{ TLS: 'off', API_HOST: '127.0.0.1', API_PORT: '0' },
  };
  const api = startChild(process.execPath, ['api/main.ts'], { cwd: root, env });
  const apiUrl = String((await api.line('listening', 30_000)).url);
  const redis = new Redis(server.url);
  const processes = startWorkers(server.url, options);
  return {
    client: new ApiClient(apiUrl, HMAC_SECRET),
    redis,
    figures: () => Promise.all(processes.map(ask)),
    stop: async () => {
      await Promise.all(processes.map(end));
      await api.stop();
      redis.disconnect();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function startWorkers(redisUrl: string, options: ControlOptions): ChildProcess[] {
  const { workers, processes, workersPerNode, ...rest } = options;
  const nodes = Array.from({ length: workers }, (_, i) => `host-${Math.floor(i / workersPerNode)}`);
  return Array.from({ length: processes }, (_, i) => {
    const given: WorkersOptions = {
      ...{ ...rest, redisUrl, hmacSecret: HMAC_SECRET },
      nodes: nodes.filter((_node, worker) => worker % processes === i),
    };
    return fork(fileURLToPath(new URL('./workers.ts', import.meta.url)), [JSON.stringify(given)]);
  });
}

async function ask(child: ChildProcess): Promise<WorkerFigures> {
  const answer = once(child, 'message', { signal: AbortSignal.timeout(30_000) });
  child.send('figures');
  return (await answer)[0] as WorkerFigures;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.send('stop');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await gone.finally(() => clearTimeout(timer));
}
