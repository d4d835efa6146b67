import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RouterRegistry } from '../../common/routers/routerRegistry.ts';
import { freeUdpPort } from '../../worker/ingest/testing/freeUdpPort.ts';
import { freePort } from '../lib/freePort.ts';
import { processIdentity } from '../lib/processIdentity.ts';
import { request } from '../lib/request.ts';
import { waitUntil } from '../lib/waitUntil.ts';
import { readRunning } from './runningFile.ts';
import { type Embedded, type EmbeddedOptions, startEmbedded } from './startEmbedded.ts';

/** A stand-in for the API: ready when the worker is; answers with its environment; leaves a mark when it ends in order. */
const API = `
import { createServer } from 'node:http';
import { appendFileSync, existsSync } from 'node:fs';
const server = createServer((request, response) => {
  response.writeHead(existsSync(process.env.DATA_DIR + '/worker-is-up') ? 200 : 503).end(JSON.stringify(process.env));
});
server.listen(Number(process.env.API_PORT), '127.0.0.1');
process.on('SIGTERM', () => { appendFileSync(process.env.DATA_DIR + '/ends', 'api '); process.exit(0); });
`;
const WORKER = `
import { appendFileSync, writeFileSync } from 'node:fs';
setInterval(() => undefined, 1_000);
process.on('SIGTERM', () => { appendFileSync(process.env.DATA_DIR + '/ends', 'worker '); process.exit(0); });
writeFileSync(process.env.DATA_DIR + '/worker-is-up', '');
`;

const project = fileURLToPath(new URL('../..', import.meta.url));
let root: string;
let dataDir: string;
const started: Embedded[] = [];

async function start(env: NodeJS.ProcessEnv = {}, more: Partial<EmbeddedOptions> = {}): Promise<Embedded> {
  const defaults = { PATH: process.env.PATH, TLS: 'off', API_HOST: '127.0.0.1', API_PORT: '0' };
  const { signal } = new AbortController();
  const options = { root, dataDir, env: { ...defaults, ...env }, onLine: () => undefined, signal, ...more };
  const embedded = await startEmbedded(options);
  started.push(embedded);
  return embedded;
}

const environmentOf = async (embedded: Embedded): Promise<Record<string, string>> =>
  JSON.parse((await request(embedded.url)).body.toString()) as Record<string, string>;

const isGone = (pid: number | undefined): boolean => pid !== undefined && processIdentity(pid) === undefined;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'livetran-embedded-'));
  dataDir = join(root, 'data');
  for (const [name, source] of Object.entries({ api: API, worker: WORKER })) {
    await mkdir(join(root, name));
    await writeFile(join(root, name, 'main.ts'), source);
  }
});

afterEach(async () => {
  await Promise.all(started.splice(0).map(embedded => embedded.stop()));
  await rm(root, { recursive: true, force: true });
});

describe('startEmbedded', () => {
  test('starts Redis with AOF and noeviction, API and worker, and stops them in order', async () => {
    const embedded = await start();
    const env = await environmentOf(embedded);
    expect(env).toMatchObject({
      SRT_HOST: '127.0.0.1',
      OUTPUT_DIR: join(dataDir, 'output'),
      SPOOL_DIR: join(dataDir, 'spool'),
    });
    const redis = new Redis(env.REDIS_URL ?? '');
    const settings = await Promise.all(
      ['appendonly', 'appendfsync', 'maxmemory-policy', 'bind', 'dir'].map(name => redis.config('GET', name)),
    );
    redis.disconnect();
    expect(settings.map(pair => (pair as string[])[1])).toEqual([
      'yes',
      'everysec',
      'noeviction',
      '127.0.0.1',
      join(dataDir, 'redis'),
    ]);
    expect(await readRunning(dataDir)).toMatchObject({ pid: process.pid, url: embedded.url, redisUrl: env.REDIS_URL });

    await embedded.stop();
    await embedded.stop();
    expect(await readFile(join(dataDir, 'ends'), 'utf8')).toBe('worker api ');
    expect(Object.keys(embedded.pids)).toEqual(['redis', 'api', 'worker']);
    expect(Object.values(embedded.pids).every(isGone)).toBe(true);
    expect(await readRunning(dataDir)).toBeUndefined();
  });

  test('with ROUTER_PORT a router is part of it, known to workers from the first stream on', async () => {
    await mkdir(join(root, 'router'));
    await writeFile(join(root, 'router/main.ts'), `import ${JSON.stringify(join(project, 'router/main.ts'))};`);
    const port = await freeUdpPort();
    const embedded = await start({ ROUTER_PORT: String(port), ROUTER_BIND: '127.0.0.1', SRT_HOST: '127.0.0.1' });
    const redis = new Redis((await environmentOf(embedded)).REDIS_URL ?? '');
    const routers = await new RouterRegistry(redis).list();
    redis.disconnect();
    expect(routers).toMatchObject([{ host: '127.0.0.1', port }]);
    await embedded.stop();
    expect(Object.keys(embedded.pids)).toEqual(['redis', 'router', 'api', 'worker']);
    expect(Object.values(embedded.pids).every(isGone)).toBe(true);
  });

  test('makes secrets once, readable by their owner only; what the user sets wins', async () => {
    const first = await start();
    const before = await environmentOf(first);
    await first.stop();
    const after = await environmentOf(await start({ JWT_SECRET: 'set by the user, 123456' }));
    expect(after.HMAC_SECRET).toBe(before.HMAC_SECRET);
    expect(after.ADMIN_PASSWORD).toBe(before.ADMIN_PASSWORD);
    expect(after.JWT_SECRET).toBe('set by the user, 123456');
    expect(before.JWT_SECRET).toMatch(/^[0-9a-f]{64}$/);
    expect((await stat(join(dataDir, 'secrets.json'))).mode & 0o777).toBe(0o600);
  });

  test('refuses a data folder that is in use', async () => {
    await start();
    await expect(start()).rejects.toThrow(`Livetran runs on ${dataDir} already (pid ${process.pid}`);
    expect(await readRunning(dataDir)).toBeDefined();
  });

  test('takes a data folder over from a run that was killed', async () => {
    await mkdir(dataDir);
    await writeFile(
      join(dataDir, 'running.json'),
      JSON.stringify({ pid: process.pid, identity: 'another boot', children: [] }),
    );
    const embedded = await start();
    expect(embedded.url).toMatch(/^http:/);
  });

  test('reports why a process ended by itself', async () => {
    await writeFile(join(root, 'worker/main.ts'), `process.stderr.write('no libsrt\\n'); process.exit(3);`);
    await expect(start()).rejects.toThrow('worker ended by itself (exit code 3):\nno libsrt');
  });

  test('reports a process that ends later', async () => {
    const embedded = await start();
    process.kill(-(embedded.pids.worker ?? 0), 'SIGKILL');
    expect((await embedded.failed).message).toBe('worker ended by itself (exit code 137)');
  });

  test('kill() ends parts that ignore SIGTERM, with what they have started', async () => {
    await writeFile(
      join(root, 'worker/main.ts'),
      `import { spawn } from 'node:child_process';
       import { writeFileSync } from 'node:fs';
       writeFileSync(process.env.DATA_DIR + '/worker-is-up', '');
       process.on('SIGTERM', () => undefined);
       console.log('grandchild ' + spawn('sleep', ['100']).pid);`,
    );
    let grandchild: number | undefined;
    const onLine = (_name: string, line: string): void => {
      if (line.startsWith('grandchild')) grandchild = Number(line.split(' ')[1]);
    };
    const embedded = await start({}, { onLine });
    await waitUntil('the grandchild', () => grandchild, { timeoutMs: 20_000, everyMs: 10 });
    embedded.kill();
    await embedded.stop();
    await waitUntil('its end', () => isGone(grandchild), { timeoutMs: 20_000, everyMs: 10 });
    expect(Object.values(embedded.pids).every(isGone)).toBe(true);
  });

  test('with REDIS_URL no redis-server is started', async () => {
    const embedded = await start({ REDIS_URL: 'redis://127.0.0.1:1' });
    expect(Object.keys(embedded.pids)).toEqual(['api', 'worker']);
    expect((await environmentOf(embedded)).REDIS_URL).toBe('redis://127.0.0.1:1');
  });

  test('says what to install', async () => {
    const failure = start({ PATH: '/nowhere' });
    await expect(failure).rejects.toThrow(/ffmpeg is not installed.*apt-get install ffmpeg[\s\S]*redis-server is not/);
  });

  test('a taken port and a bad variable are reported before anything is started', async () => {
    const other = await start();
    const taken = new URL(other.url).port;
    dataDir = join(root, 'second');
    await expect(start({ API_PORT: taken })).rejects.toThrow(`port ${taken} of 127.0.0.1 is taken`);
    await expect(start({ SRT_PORTS: 'many', HLS_WINDOW: '1' })).rejects.toThrow(
      /HLS_WINDOW[\s\S]*SRT_PORTS|SRT_PORTS[\s\S]*HLS_WINDOW/,
    );
    expect(await readRunning(dataDir)).toBeUndefined();
  });

  test('a stop while it starts ends it', async () => {
    await writeFile(join(root, 'api/main.ts'), 'setInterval(() => undefined, 1_000);');
    const stop = new AbortController();
    const starting = start({ API_PORT: String(await freePort('127.0.0.1')) }, { signal: stop.signal });
    await waitUntil('three parts', async () => (await readRunning(dataDir))?.children.length === 3, {
      timeoutMs: 20_000,
      everyMs: 20,
    });
    const { children = [] } = (await readRunning(dataDir)) ?? {};
    stop.abort(new Error('enough'));
    await expect(starting).rejects.toThrow('enough');
    expect(children.every(({ pid }) => isGone(pid))).toBe(true);
  });

  test('its parts end when it is killed itself', async () => {
    const source = `
      import { startEmbedded } from ${JSON.stringify(fileURLToPath(new URL('./startEmbedded.ts', import.meta.url)))};
      await startEmbedded({ root: process.argv[1], dataDir: process.argv[2], env: process.env, onLine() {},
        signal: new AbortController().signal });`;
    const env = { PATH: process.env.PATH, TLS: 'off', API_HOST: '127.0.0.1', API_PORT: '0' };
    const parent = spawn(process.execPath, ['--input-type=module', '-e', source, root, dataDir], {
      env,
      stdio: 'ignore',
    });
    const running = await waitUntil(
      'its start',
      async () => {
        const state = await readRunning(dataDir);
        return state?.url ? state : undefined;
      },
      { timeoutMs: 20_000, everyMs: 20 },
    );
    parent.kill('SIGKILL');
    await waitUntil('the end of its parts', () => running.children.every(({ pid }) => isGone(pid)), {
      timeoutMs: 20_000,
      everyMs: 20,
    });
    expect(running.children).toHaveLength(3);
  });
});
