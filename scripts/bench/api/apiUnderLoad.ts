import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRedis } from '../../../common/testing/startRedis.ts';
import { startChild } from '../../e2e/harness/childProcess.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface ApiUnderLoad {
  url: string;
  secret: string;
  redisUrl: string;
  /** Of the API and of Redis. */
  pids: { api: number; redis: number };
  /** Resident memory of the API (MB). */
  rss(): Promise<number>;
  stop(): Promise<void>;
}

/** A real Redis (AOF, every second) and a real API over plain HTTP, each on free ports of 127.0.0.1. */
export async function startApiUnderLoad(more: Record<string, string> = {}): Promise<ApiUnderLoad> {
  const dir = await mkdtemp(join(tmpdir(), 'livetran-api-bench-'));
  const aofDir = join(dir, 'redis');
  await mkdir(aofDir);
  const redis = await startRedis(undefined, aofDir);
  const secret = 'hmac-secret-of-the-api-bench';
  const own = { HMAC_SECRET: secret, REDIS_URL: redis.url, OUTPUT_DIR: dir, DATA_DIR: dir };
  const env = { ...own, TLS: 'off', API_HOST: '127.0.0.1', API_PORT: '0', ...more };
  const options = (process.env.API_NODE_OPTIONS ?? '').split(' ').filter(Boolean);
  const api = startChild(process.execPath, [...options, 'api/main.ts'], { cwd: root, env });
  const url = String((await api.line('listening', 30_000)).url);
  return {
    url,
    secret,
    redisUrl: redis.url,
    pids: { api: api.pid, redis: redis.pid },
    rss: async () => {
      const status = await readFile(`/proc/${api.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1_024;
    },
    stop: async () => {
      await api.stop();
      await redis.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
