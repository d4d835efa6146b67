import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../common/testing/startRedis.ts';

let redis: TestRedis;
let dir: string;

beforeAll(async () => {
  redis = await startRedis();
  dir = await mkdtemp(join(tmpdir(), 'livetran-main-'));
});
afterAll(async () => {
  await redis.stop();
  await rm(dir, { recursive: true });
});

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

function run(environment: Record<string, string>) {
  const env = { PATH: process.env.PATH, API_HOST: '127.0.0.1', API_PORT: '0', REDIS_URL: redis.url, ...environment };
  const child = spawn(process.execPath, [main], { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const stderr = child.stderr.setEncoding('utf8').toArray();
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const logged = async (message: string): Promise<Record<string, unknown>> => {
    for await (const line of createInterface({ input: child.stdout })) {
      const entry = JSON.parse(line) as Record<string, unknown>;
      if (entry.msg === message) return entry;
    }
    throw new Error(`ended without "${message}": ${(await stderr).join('')}`);
  };
  return { child, exit, logged, stderr: async () => (await stderr).join('') };
}

describe('the api process', () => {
  test('says where it listens, serves HTTPS with a certificate of its own, and ends on SIGTERM', async () => {
    const api = run({ HMAC_SECRET: 'a secret for tests only' });
    const { url } = await api.logged('listening');
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const [response] = await once(get(`${url}/healthz`, { rejectUnauthorized: false }), 'response');
    expect(response.statusCode).toBe(200);
    api.child.kill('SIGTERM');
    expect(await api.exit).toEqual([0, null]);
    expect(await api.stderr()).toBe('');
  });

  test('reports all that is wrong with its configuration at once, without values', async () => {
    const api = run({ API_PORT: 'eighty-eighty', LOG_LEVEL: 'loud', ADMIN_PASSWORD: 'hunter2' });
    expect(await api.exit).toEqual([1, null]);
    const told = await api.stderr();
    for (const name of ['HMAC_SECRET', 'API_PORT', 'LOG_LEVEL', 'ADMIN_PASSWORD']) expect(told).toContain(`${name}: `);
    expect(told).not.toMatch(/eighty|loud|hunter2|at .*\.ts/);
  });

  test('runs beside R2 with neither its keys nor JWT_SECRET, and serves no folder', async () => {
    const store = { STORAGE: 'r2', CLOUDFLARE_PUBLIC_URL: 'https://cdn.example/live' };
    const api = run({ HMAC_SECRET: 'a secret for tests only', TLS: 'off', ...store });
    const { url, storage } = await api.logged('listening');
    expect(storage).toBe('s3');
    const page = await fetch(`${url}/healthz`);
    expect(page.headers.get('content-security-policy')).toContain('https://cdn.example');
    expect((await fetch(`${url}/video/a/a.m3u8`)).status).toBe(404);
    api.child.kill('SIGTERM');
    expect(await api.exit).toEqual([0, null]);
  });

  test('beside R2 without its public address it says so', async () => {
    const api = run({ HMAC_SECRET: 'a secret for tests only', STORAGE: 'r2' });
    expect(await api.exit).toEqual([1, null]);
    expect(await api.stderr()).toContain('CLOUDFLARE_PUBLIC_URL: must be set');
    expect(await api.stderr()).not.toContain('R2_ACCESS_KEY');
  });

  test('refuses to start when its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const api = run({ HMAC_SECRET: 'a secret for tests only', TLS: 'off', API_PORT: String(port) });
    expect(await api.exit).toEqual([1, null]);
    expect(await api.stderr()).toBe(
      `livetran api: cannot listen on 127.0.0.1 port ${port}: another program listens there; stop it or set API_PORT\n`,
    );
    other.close();
  });
});
