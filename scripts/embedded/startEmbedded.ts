import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { type Config, loadConfig } from '../../common/config/loadConfig.ts';
import { secretVariables } from '../../common/config/secretFiles.ts';
import { RouterRegistry } from '../../common/routers/routerRegistry.ts';
import { StopStack } from '../../common/stopStack.ts';
import { stopDeadlines } from '../../worker/start/stopDeadlines.ts';
import { findProgram } from '../lib/findProgram.ts';
import { freePort, isPortFree } from '../lib/freePort.ts';
import { request, UnreachableError } from '../lib/request.ts';
import { waitUntil } from '../lib/waitUntil.ts';
import { type Child, startChild } from './childProcess.ts';
import { startRedisServer } from './redisServer.ts';
import { RunningFile } from './runningFile.ts';
import { loadSecrets } from './secrets.ts';

const READY_MS = 60_000;
/** What a part that was killed takes to be gone (ms). */
const KILLED_MS = 5_000;
/** A worker flushes its uploads, API and router end what is under way, Redis closes its file; each has its own shorter deadline. */
const STOP_MS = { worker: stopDeadlines.exitMs + 2_000, api: 15_000, router: 17_000, redis: 10_000 } as const;

export interface EmbeddedOptions {
  /** The project's folder. */
  root: string;
  /** What the user has set; what is missing gets the embedded defaults. */
  env: NodeJS.ProcessEnv;
  dataDir: string;
  /** Every line that api, worker and router print. */
  onLine: (name: string, line: string) => void;
  signal: AbortSignal;
}

export interface Embedded {
  readonly url: string;
  readonly config: Config<'HMAC_SECRET'>;
  readonly dataDir: string;
  /** Resolves with the reason when a part ends that should not. */
  readonly failed: Promise<Error>;
  /** Process groups of the parts, by name. */
  readonly pids: Readonly<Record<string, number>>;
  /** Ends worker, api, router and redis, in this order. May be called twice. */
  stop(): Promise<void>;
  /** SIGKILL to all parts: for those who cannot wait. */
  kill(): void;
}

/**
 * A whole Livetran on this machine: its own redis-server (unless REDIS_URL is set), a router (if ROUTER_PORT is set), one api,
 * one worker, ready to take streams. Throws with what to do when it cannot be, and leaves nothing running.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const stack = new StopStack();
  const parts: Child[] = [];
  const dataDir = resolve(options.dataDir);
  try {
    checkPrograms(options.env);
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const running = await RunningFile.acquire(dataDir);
    stack.push('data folder', () => running.release());
    const { promise: failed, resolve: fail } = Promise.withResolvers<Error>();
    const adopt = async (child: Child, deadlineMs: number): Promise<void> => {
      parts.push(child);
      stack.push(child.name, () => child.stop(deadlineMs), deadlineMs + KILLED_MS);
      void child.exited.then(({ code, wanted }) => wanted || fail(unexpectedEnd(child, code)));
      await running.addChild(child.pid);
    };
    const env = await embeddedEnvironment(options.env, dataDir);
    const { config } = loadConfig(env, ['HMAC_SECRET']);
    await checkPort(config);
    if (!hasRedis(options.env)) {
      const redis = { program: redisProgram(options.env), dir: join(dataDir, 'redis'), env: options.env };
      const onStart = (child: Child): Promise<void> => adopt(child, STOP_MS.redis);
      env.REDIS_URL = (await startRedisServer({ ...redis, onStart, signal: options.signal })).url;
    }
    const hasRouter = config.ROUTER_PORT !== undefined;
    for (const name of [...(hasRouter ? (['router'] as const) : []), 'api', 'worker'] as const) {
      const onLine = (line: string): void => options.onLine(name, line);
      const child = { name, command: process.execPath, args: [`${name}/main.ts`], cwd: options.root, env, onLine };
      await adopt(startChild(child), STOP_MS[name]);
    }
    const url = apiUrl(config);
    const redisUrl = env.REDIS_URL ?? config.REDIS_URL;
    await ready(url, hasRouter ? redisUrl : undefined, failed, options.signal);
    await running.setUrls({ url, redisUrl });
    const pids = Object.fromEntries(parts.map(part => [part.name, part.pid]));
    return { url, config, dataDir, failed, pids, stop: () => stack.stop(), kill: () => killAll(parts) };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

const hasRedis = (env: NodeJS.ProcessEnv): boolean => Boolean(env.REDIS_URL || env.REDIS_URL_FILE);

const killAll = (parts: readonly Child[]): void => {
  for (const part of parts) part.kill();
};

const redisProgram = (env: NodeJS.ProcessEnv): string =>
  findProgram(['redis-server', 'valkey-server'], env.PATH) ?? 'redis-server';

function checkPrograms(env: NodeJS.ProcessEnv): void {
  const missing: string[] = [];
  if (!findProgram([env.FFMPEG || 'ffmpeg'], env.PATH)) {
    missing.push('ffmpeg is not installed. Debian, Ubuntu: apt-get install ffmpeg; macOS: brew install ffmpeg srt');
  }
  if (!hasRedis(env) && !findProgram(['redis-server', 'valkey-server'], env.PATH)) {
    missing.push(
      'redis-server is not installed. Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis; or set REDIS_URL to one that runs',
    );
  }
  if (missing.length > 0) throw new Error(missing.join('\n'));
}

/** What the user has set, and for the rest what suits one machine. */
async function embeddedEnvironment(user: NodeJS.ProcessEnv, dataDir: string): Promise<NodeJS.ProcessEnv> {
  const defaults: NodeJS.ProcessEnv = {
    ...(await loadSecrets(dataDir)),
    OUTPUT_DIR: join(dataDir, 'output'),
    SPOOL_DIR: join(dataDir, 'spool'),
    TLS_CERT_FILE: join(dataDir, 'keys', 'localhost.pem'),
    TLS_KEY_FILE: join(dataDir, 'keys', 'localhost-key.pem'),
    SRT_HOST: '127.0.0.1',
    // There is no other worker to hand streams over to.
    DRAIN_SECONDS: '0',
  };
  const set = Object.fromEntries(Object.entries(user).filter(([, value]) => value !== undefined && value !== ''));
  for (const name of secretVariables) if (set[`${name}_FILE`]) delete defaults[name];
  const env: NodeJS.ProcessEnv = { ...defaults, ...set, DATA_DIR: dataDir };
  // One address for encoders, whichever way they come in.
  if (env.ROUTER_PORT) env.ROUTER_HOST ??= env.SRT_HOST;
  // Both processes must know the port: the API listens on it, the worker puts it into links.
  if (env.API_PORT === '0') env.API_PORT = String(await freePort(env.API_HOST ?? '0.0.0.0'));
  return env;
}

async function checkPort({ API_PORT, API_HOST }: Config): Promise<void> {
  if (await isPortFree(API_PORT, API_HOST)) return;
  throw new Error(`port ${API_PORT} of ${API_HOST} is taken; stop what listens there, or set API_PORT to another`);
}

function apiUrl({ TLS, API_HOST, API_PORT }: Config): string {
  const host = API_HOST === '0.0.0.0' || API_HOST === '::' ? 'localhost' : API_HOST;
  return `${TLS ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${API_PORT}`;
}

/** @param routerRedisUrl where the router is to be found: the first stream gets its address already. Undefined: there is none */
async function ready(
  url: string,
  routerRedisUrl: string | undefined,
  failed: Promise<Error>,
  stopped: AbortSignal,
): Promise<void> {
  const failure = new AbortController();
  void failed.then(error => failure.abort(error));
  const signal = AbortSignal.any([stopped, failure.signal]);
  const ask = async (): Promise<boolean> => {
    try {
      return (await request(`${url}/readyz`, { signal })).status === 200;
    } catch (error) {
      if (error instanceof UnreachableError) return false;
      throw error;
    }
  };
  await waitUntil(`${url}/readyz = 200`, ask, { timeoutMs: READY_MS, signal });
  if (routerRedisUrl !== undefined) await routerRegistered(routerRedisUrl, signal);
}

async function routerRegistered(redisUrl: string, signal: AbortSignal): Promise<void> {
  const redis = new Redis(redisUrl);
  redis.on('error', () => undefined);
  try {
    const registry = new RouterRegistry(redis);
    const isThere = async (): Promise<boolean> => (await registry.list()).length > 0;
    await waitUntil('the router in Redis', isThere, { timeoutMs: READY_MS, signal });
  } finally {
    redis.disconnect();
  }
}

function unexpectedEnd(child: Child, code: number): Error {
  const words = child.reason();
  return new Error(`${child.name} ended by itself (exit code ${code})${words && `:\n${words}`}`);
}
