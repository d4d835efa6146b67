import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

export interface TestRedis {
  url: string;
  port: number;
  /** For freezing it (SIGSTOP) and killing it. */
  pid: number;
  /** Ends the server and waits until it is gone. May be called twice. */
  stop(): Promise<void>;
}

const ATTEMPTS = 3;
const START_MS = 10_000;

/**
 * A real redis-server on a free port of 127.0.0.1 that answers PING. For tests.
 * @param wanted a port that it must have: a server that comes back where one was stopped
 * @param aofDir an empty folder, or one that a stopped server left: its data is there again. Without it: no persistence
 * @param more further arguments of the server, and its password; `sentinelFile`: it is a Sentinel, of that configuration
 */
export async function startRedis(
  wanted?: number,
  aofDir?: string,
  more: { args?: readonly string[]; password?: string; sentinelFile?: string } = {},
): Promise<TestRedis> {
  const data = ['--save', '', '--appendonly', aofDir === undefined ? 'no' : 'yes', '--dir', aofDir ?? '/tmp'];
  const { password } = more;
  const role = more.sentinelFile === undefined ? data : ['--sentinel'];
  const args = [...(more.sentinelFile === undefined ? [] : [more.sentinelFile]), ...role];
  args.push(...(password === undefined ? [] : ['--requirepass', password]), ...(more.args ?? []));
  for (let attempt = 1; ; attempt += 1) {
    const port = wanted ?? (await freePort());
    const server = spawn('redis-server', [...args, '--port', String(port), '--bind', '127.0.0.1'], {
      stdio: 'ignore',
    });
    const gone = ended(server);
    const stop = async (): Promise<void> => {
      server.kill('SIGKILL');
      await gone;
    };
    try {
      await Promise.race([answers(port, password), gone.then(failWith(port))]);
      const login = password === undefined ? '' : `:${password}@`;
      return { url: `redis://${login}127.0.0.1:${port}`, port, pid: server.pid ?? -1, stop };
    } catch (error) {
      await stop();
      // The port was free a moment ago; another process may have taken it.
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

/** Resolves when the process is gone, or could not be started at all: then with the reason. */
async function ended(server: ChildProcess): Promise<unknown> {
  try {
    await once(server, 'exit');
    return undefined;
  } catch (error) {
    return error;
  }
}

const failWith = (port: number) => (cause: unknown) => {
  throw new Error(`redis-server did not start on port ${port}; is it installed (Debian: redis-server)?`, { cause });
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function answers(port: number, password: string | undefined): Promise<void> {
  const login = password === undefined ? {} : { password };
  const redis = new Redis(port, '127.0.0.1', {
    ...login,
    lazyConnect: true,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
  });
  redis.on('error', () => undefined);
  try {
    for (const until = Date.now() + START_MS; ; await sleep(20)) {
      try {
        await redis.connect();
        await redis.ping();
        return;
      } catch (error) {
        if (Date.now() > until) throw error;
      }
    }
  } finally {
    redis.disconnect();
  }
}
