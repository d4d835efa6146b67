import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startRedis } from '../../common/testing/startRedis.ts';
import { readRunning } from '../embedded/runningFile.ts';
import { loadSecrets } from '../embedded/secrets.ts';
import { freePort } from '../lib/freePort.ts';
import { waitUntil } from '../lib/waitUntil.ts';
import { ApiClient } from './harness/apiClient.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const HMAC_SECRET = 'hmac-secret-for-tests-0123456789';
const JWT_SECRET = 'jwt-secret-for-tests-0123456789';

let dir: string;
let ports: string;
const groups: number[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-ctrl-c-'));
  const first = await freePort('127.0.0.1');
  ports = `${first}-${Math.min(first + 9, 65_535)}`;
});
afterEach(async () => {
  for (const group of groups.splice(0)) endGroup(group);
  await rm(dir, { recursive: true, force: true });
});

function endGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // It has ended in order.
  }
}

/** A command in a process group of its own, as a shell starts it in a terminal. */
async function inTerminal(command: readonly string[], env: Record<string, string>) {
  const port = await freePort('127.0.0.1');
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: dir, SPOOL_DIR: join(dir, 'spool') },
      ...{ OUTPUT_DIR: join(dir, 'output'), STORAGE: 'file', TLS: 'off', SRT_BIND: '127.0.0.1', SRT_PORTS: ports },
      ...{ API_HOST: '127.0.0.1', API_PORT: String(port), ...env },
    },
  });
  const group = child.pid ?? 0;
  groups.push(group);
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => output.push(String(chunk)));
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    url: `http://127.0.0.1:${port}`,
    text: () => output.join(''),
    printed: (words: string) =>
      waitUntil(`"${words}" in the output`, () => output.join('').includes(words), { timeoutMs: 60_000 }),
    /** The terminal sends SIGINT to the whole group, npm sends its own to the program: so each process gets two. */
    ctrlC: async () => {
      process.kill(-group, 'SIGINT');
      process.kill(-group, 'SIGINT');
      return ended;
    },
  };
}

test('Ctrl-C ends npm start in order, and its streams go on at the next start', async () => {
  const first = await inTerminal(['npm', 'start'], {});
  await first.printed('Livetran is up');
  const { HMAC_SECRET: secret = '' } = await loadSecrets(dir);
  await new ApiClient(first.url, secret).start('show');
  await new ApiClient(first.url, secret).inState('show', 'READY');
  expect(await first.ctrlC(), first.text()).toEqual([0, null]);
  expect(first.text()).toContain('Livetran has stopped.');
  expect(await readRunning(dir)).toBeUndefined();

  const second = await inTerminal(['npm', 'start'], {});
  await second.printed('Livetran is up');
  const { reason } = await new ApiClient(second.url, secret).inState('show', 'READY');
  expect(reason).not.toBe('worker_lost');
  expect(second.text()).not.toContain('worker_lost');
  expect(await second.ctrlC(), second.text()).toEqual([0, null]);
});

test.each([
  ['npm run api', 'listening', 'stopping'],
  ['npm run worker', 'worker ready', 'draining: takes no new streams'],
])('Ctrl-C ends %s in order', async (command, up, ending) => {
  const redis = await startRedis();
  try {
    const process = await inTerminal(command.split(' '), { REDIS_URL: redis.url, HMAC_SECRET, JWT_SECRET });
    await process.printed(`"msg":"${up}"`);
    expect(await process.ctrlC(), process.text()).toEqual([0, null]);
    expect(process.text().split(`"msg":"${ending}"`)).toHaveLength(2);
    expect(process.text()).not.toContain('stopping without waiting');
  } finally {
    await redis.stop();
  }
});
