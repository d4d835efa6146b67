import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { freePort } from '../lib/freePort.ts';
import { type Child, startChild } from './harness/childProcess.ts';
import { waitFor } from './harness/waitFor.ts';

// docs/deployment.md, "systemd", carried out in a folder in place of /opt/livetran, without systemd itself.

const root = fileURLToPath(new URL('../..', import.meta.url));
const NOT_COPIED = ['node_modules', '.git', '.livetran', 'output', 'spool', 'keys'];
/** systemd's default. The Node in it runs npm; Livetran must not need it. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

let dir: string;
let opt: string;
let redis: TestRedis;
const started: Child[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-systemd-'));
  opt = join(dir, 'opt');
  redis = await startRedis();
  const filter = (source: string): boolean => !NOT_COPIED.includes(relative(root, source));
  await cp(root, opt, { recursive: true, filter });
});
afterAll(async () => {
  await Promise.all(started.map(child => child.stop()));
  await redis?.stop();
  await rm(dir, { recursive: true, force: true });
});

type Settings = Record<string, string>;

/** Starts what a unit starts, in its folder, with its environment. `files` stands for /etc/livetran. */
async function startUnit(unit: string, files: Record<string, Settings>): Promise<Child> {
  const text = await readFile(join(opt, 'deploy/systemd', unit), 'utf8');
  const here = text.replaceAll('/opt/livetran', opt).replaceAll('/var/lib/livetran', join(dir, 'var'));
  const lines = here.split('\n').map(line => line.split(/=(.*)/s));
  const values = (name: string): string[] => lines.filter(([key]) => key === name).map(([, value = '']) => value);
  const [command = '', ...args] = values('ExecStart')[0]?.split(' ') ?? [];
  const own = Object.fromEntries(values('Environment').map(value => value.split(/=(.*)/s).slice(0, 2)));
  const settings = values('EnvironmentFile').map(file => files[basename(file)]);
  expect(settings).not.toContain(undefined);
  const env: Settings = Object.assign({ PATH }, own, ...settings);
  const child = startChild(command, args, { cwd: values('WorkingDirectory')[0] ?? '', env });
  started.push(child);
  return child;
}

test('npm ci --omit=dev installs all that the units start, without a warning', async () => {
  const npm = await promisify(execFile)('npm', ['ci', '--omit=dev', '--prefer-offline'], {
    cwd: opt,
    env: { HOME: process.env.HOME, PATH },
  });
  expect(npm.stderr).toBe('');
  const api = `http://127.0.0.1:${await freePort('127.0.0.1')}`;
  const settings = {
    HMAC_SECRET: 'hmac-secret-for-tests-0123456789',
    REDIS_URL: redis.url,
    OUTPUT_DIR: join(dir, 'var/output'),
    DATA_DIR: join(dir, 'var'),
    TLS: 'off',
    API_HOST: '127.0.0.1',
    API_PORT: new URL(api).port,
    API_PUBLIC_URL: api,
    SRT_HOST: '127.0.0.1',
    SRT_BIND: '127.0.0.1',
  };
  const files = { 'livetran.env': settings, 'worker.env': { JWT_SECRET: 'jwt-secret-for-tests-0123456789' } };
  const units = await Promise.all(
    ['livetran-api.service', 'livetran-worker@.service'].map(unit => startUnit(unit, files)),
  );
  const ready = waitFor('/readyz', async () => (await fetch(`${api}/readyz`)).ok, 60_000);
  const early = units.map(unit => unit.exited.then(end => Promise.reject(new Error(`${unit.text} ${end.code}`))));
  await Promise.race([ready, ...early]);
  for (const unit of units.toReversed()) expect(await unit.stop()).toEqual({ code: 0, signal: null });
}, 300_000);
