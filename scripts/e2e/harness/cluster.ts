import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRedis } from '../../../common/testing/startRedis.ts';
import { startSentinels, type TestSentinels } from '../../../common/testing/startSentinels.ts';
import { type FaultProxy, startFaultProxy } from '../s3/faultProxy.ts';
import { type S3Double, startS3Double } from '../s3/s3Double.ts';
import { ApiClient } from './apiClient.ts';
import { type Child, startChild } from './childProcess.ts';
import { waitFor } from './waitFor.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const HMAC_SECRET = 'hmac-secret-for-tests-0123456789';
const JWT_SECRET = 'jwt-secret-for-tests-0123456789';
const REDIS_PASSWORD = 'redis-password-for-tests-0123456789';
const S3_ACCESS_KEY = 'AKIATEST';
const S3_SECRET_KEY = 'secret-for-tests-0123456789';

/**
 * Test runs at the same time must not want the same UDP ports: each cluster takes the next hundred. Test files side by
 * side have process ids close to each other, so their first hundreds lie apart.
 */
let nextPorts = 21_000 + ((process.pid * 37) % 300) * 100;

export interface Cluster {
  readonly api: Child;
  readonly apiUrl: string;
  readonly client: ApiClient;
  /** Ends the API with a signal, and starts another one at the same address. */
  restartApi(signal: NodeJS.Signals): Promise<void>;
  readonly workers: Child[];
  /** As it runs now, or ran last. */
  readonly redis: Awaited<ReturnType<typeof startRedis>>;
  /** The S3 double; undefined with file storage. */
  readonly s3: S3Double | undefined;
  /** Between the workers and the S3 double; undefined unless it was asked for. Players go past it. */
  readonly faults: FaultProxy | undefined;
  /** Spool, output and whatever else the cluster writes. */
  readonly dir: string;
  readonly spoolDir: string;
  readonly hmacSecret: string;
  readonly jwtSecret: string;
  readonly ports: { first: number; last: number };
  /** Where the cluster has them. */
  readonly sentinels?: TestSentinels;
  /** What the API and the workers get. */
  readonly env: Readonly<Record<string, string>>;
  /** Starts Redis again after redis.stop(), where it was; with its data, or without any. */
  startRedisAgain(options: { losingData: boolean }): Promise<void>;
  /** One more worker on the same node. */
  addWorker(env?: Record<string, string>): Promise<Child>;
  stop(): Promise<void>;
}

/** `s3-unfenced`: a store that takes no notice of a PUT's conditions, as old ones do. */
export type Storage = 's3' | 's3-unfenced' | 'file';

export interface ClusterOptions {
  workers?: number;
  storage?: Storage | undefined;
  /** Puts a proxy that can spoil requests before the S3 double. */
  faults?: boolean;
  /** The workers' program and its arguments, in place of worker/main.ts. */
  worker?: readonly string[];
  /** Redis is a primary and a replica, with three Sentinels, by which api and workers find it. */
  sentinels?: boolean;
  /** More or other environment for api and workers. */
  env?: Record<string, string>;
}

/** A whole Livetran of real processes: redis-server, api, workers, and an S3 server (a strict double) or a folder. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const dir = await mkdtemp(join(tmpdir(), 'livetran-e2e-'));
  const redisDir = join(dir, 'redis');
  await mkdir(redisDir);
  const sentinels = options.sentinels ? await startSentinels() : undefined;
  let redis = sentinels?.primary ?? (await startRedis(undefined, redisDir, { password: REDIS_PASSWORD }));
  const s3 = options.storage === 'file' ? undefined : await startDouble(options.storage !== 's3-unfenced');
  const faults = s3 && options.faults ? await startFaultProxy(s3.endpoint) : undefined;
  const ports = { first: nextPorts, last: nextPorts + 99 };
  nextPorts += 100;
  const spoolDir = join(dir, 'spool');
  const env = {
    HMAC_SECRET,
    JWT_SECRET,
    REDIS_URL: sentinels?.url ?? redis.url,
    TLS: 'off',
    API_HOST: '127.0.0.1',
    API_PORT: '0',
    NODE_ID: 'test-node',
    SPOOL_DIR: spoolDir,
    DATA_DIR: join(dir, 'data'),
    SRT_HOST: '127.0.0.1',
    SRT_BIND: '127.0.0.1',
    SRT_PORTS: `${ports.first}-${ports.last}`,
    WEBHOOK_ALLOW_PRIVATE: 'on',
    LOG_LEVEL: 'debug',
    DRAIN_SECONDS: '0',
    ...(s3 ? s3Environment(s3, faults?.endpoint) : { STORAGE: 'file', OUTPUT_DIR: join(dir, 'output') }),
    ...options.env,
  };
  const startApi = async (more: Record<string, string> = {}): Promise<{ child: Child; url: string }> => {
    const child = startChild(process.execPath, ['api/main.ts'], { cwd: root, env: { ...env, ...more } });
    return { child, url: String((await child.line('listening', 30_000)).url) };
  };
  const first = await startApi();
  const apiUrl = first.url;
  let api = first.child;
  const workers: Child[] = [];
  const addWorker = async (more: Record<string, string> = {}): Promise<Child> => {
    const publicUrl = s3 ? {} : { CLOUDFLARE_PUBLIC_URL: `${apiUrl}/video` };
    const worker = startChild(process.execPath, options.worker ?? ['worker/main.ts'], {
      cwd: root,
      env: { ...env, ...publicUrl, ...more },
    });
    workers.push(worker);
    await Promise.race([worker.line('worker ready', 30_000), worker.exited]);
    return worker;
  };
  for (let i = 0; i < (options.workers ?? 1); i += 1) await addWorker();
  if (workers.length > 0) await waitFor('/readyz', async () => (await fetch(`${apiUrl}/readyz`)).ok);
  return {
    ...{ apiUrl, workers, s3, faults, dir, spoolDir, ports, env, addWorker },
    get api() {
      return api;
    },
    restartApi: async signal => {
      api.kill(signal);
      await api.exited;
      api = (await startApi({ API_PORT: new URL(apiUrl).port })).child;
    },
    get redis() {
      return sentinels?.primary ?? redis;
    },
    ...(sentinels && { sentinels }),
    startRedisAgain: async ({ losingData }) => {
      if (losingData) await rm(redisDir, { recursive: true });
      await mkdir(redisDir, { recursive: true });
      redis = await startRedis(redis.port, redisDir, { password: REDIS_PASSWORD });
    },
    hmacSecret: HMAC_SECRET,
    jwtSecret: JWT_SECRET,
    client: new ApiClient(apiUrl, HMAC_SECRET),
    stop: async () => {
      await Promise.all(workers.map(worker => worker.stop()));
      await api.stop();
      await (sentinels ?? redis).stop();
      await faults?.close();
      await s3?.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const startDouble = (conditionalPuts: boolean): Promise<S3Double> =>
  startS3Double({
    accessKey: S3_ACCESS_KEY,
    secretKey: S3_SECRET_KEY,
    bucket: 'live',
    publicRead: true,
    conditionalPuts,
  });

function s3Environment(s3: S3Double, endpoint = s3.endpoint): Record<string, string> {
  return {
    S3_ENDPOINT: endpoint,
    R2_ACCESS_KEY: S3_ACCESS_KEY,
    R2_SECRET_KEY: S3_SECRET_KEY,
    BUCKET_NAME: 'live',
    CLOUDFLARE_PUBLIC_URL: s3.publicUrl,
  };
}
