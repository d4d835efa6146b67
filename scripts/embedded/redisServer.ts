import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../lib/freePort.ts';
import { waitUntil } from '../lib/waitUntil.ts';
import { type Child, startChild } from './childProcess.ts';

const HOST = '127.0.0.1';
const START_MS = 60_000;

/**
 * A redis-server of our own: on a free port of 127.0.0.1, behind a password, keeping its data in `dir`. Every write is in
 * the append-only file a second later at most, and nothing is evicted: a lost job would be a lost stream.
 */
export async function startRedisServer(options: {
  program: string;
  dir: string;
  env: NodeJS.ProcessEnv;
  onStart: (child: Child) => Promise<void>;
  signal: AbortSignal;
}): Promise<{ url: string; child: Child }> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const port = await freePort(HOST);
  const password = randomBytes(24).toString('hex');
  const file = join(options.dir, 'redis.conf');
  await writeFile(file, settings({ port, password, dir: options.dir }), { mode: 0o600 });
  const child = startChild({
    name: 'redis',
    command: options.program,
    args: [file],
    cwd: options.dir,
    env: options.env,
  });
  await options.onStart(child);
  const url = `redis://:${password}@${HOST}:${port}`;
  await answers(url, child, options.signal);
  return { url, child };
}

const settings = ({ port, password, dir }: { port: number; password: string; dir: string }): string => `\
port ${port}
bind ${HOST}
requirepass ${password}
dir "${dir.replaceAll(/["\\]/g, '\\$&')}"
daemonize no
loglevel warning
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
`;

/** While it loads its data a server answers PING with an error. */
async function answers(url: string, child: Child, signal: AbortSignal): Promise<void> {
  const redis = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: 0, enableOfflineQueue: false });
  redis.on('error', () => undefined);
  let ended = false;
  void child.exited.then(() => {
    ended = true;
  });
  try {
    const ping = async (): Promise<boolean> => {
      if (ended) throw new Error(`redis-server did not start:\n${child.reason()}`);
      return redis.ping().then(
        answer => answer === 'PONG',
        () => false,
      );
    };
    await waitUntil('an answer of redis-server', ping, { timeoutMs: START_MS, everyMs: 25, signal });
  } finally {
    redis.disconnect();
  }
}
