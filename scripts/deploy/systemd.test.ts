import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { variables } from '../../common/config/variables.ts';
import { supervisorSeconds } from './supervisorSeconds.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'deploy/systemd');
const units = ['livetran-api.service', 'livetran-router.service', 'livetran-worker@.service'];

const read = (unit: string): Promise<string> => readFile(join(folder, unit), 'utf8');
const setting = (text: string, name: string): string | undefined => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1];

test('there are these units, and each runs a program that is there', async () => {
  expect((await readdir(folder)).toSorted()).toEqual(units);
  for (const unit of units) {
    const [, program = ''] =
      /^\/opt\/livetran\/node_modules\/\.bin\/node (\S+)$/.exec(setting(await read(unit), 'ExecStart') ?? '') ?? [];
    await expect(readFile(join(root, program))).resolves.toBeDefined();
  }
});

test('systemd takes them without a word', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'livetran-units-'));
  try {
    for (const unit of units) {
      const here = (await read(unit))
        .replaceAll('/opt/livetran/', root)
        .replace('WorkingDirectory=/opt/livetran', `WorkingDirectory=${root}`);
      await writeFile(join(dir, unit.replace('@', '@1')), here);
    }
    const paths = units.map(unit => join(dir, unit.replace('@', '@1')));
    const { code, text } = await verify(paths);
    // Where there is no systemd the checks around this one have to do.
    if (code === 'ENOENT') return;
    // What it says of other units of the machine is not about these.
    expect(text.split('\n').filter(line => line.includes('livetran'))).toEqual([]);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('a misspelt setting would be found', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'livetran-units-'));
  try {
    const path = join(dir, 'livetran-api.service');
    await writeFile(path, `${await read('livetran-api.service')}\n[Service]\nTimeoutStopSecs=1\n`);
    const { code, text } = await verify([path]);
    if (code !== 'ENOENT') expect(text).toMatch(/TimeoutStopSecs/);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('a worker alone gets the signal, and the time to drain', async () => {
  const worker = await read('livetran-worker@.service');
  expect(setting(worker, 'KillMode')).toBe('mixed');
  expect(Number(setting(worker, 'TimeoutStopSec'))).toBeGreaterThanOrEqual(supervisorSeconds());
});

test.each(units)('%s has no right that it does not need', async unit => {
  const text = await read(unit);
  expect(setting(text, 'User')).toBe('livetran');
  expect(setting(text, 'CapabilityBoundingSet')).toBe('');
  for (const name of ['NoNewPrivileges', 'PrivateDevices', 'RestrictNamespaces'])
    expect(setting(text, name)).toBe('yes');
  expect(setting(text, 'ProtectSystem')).toBe('strict');
});

test('a worker has memory for 600 MB, and for 1 GB of FFmpeg for each stream', async () => {
  const [, gigabytes] = /^(\d+)G$/.exec(setting(await read('livetran-worker@.service'), 'MemoryMax') ?? '') ?? [];
  expect(Number(gigabytes)).toBeGreaterThanOrEqual(variables.parse({}).WORKER_STREAMS + 0.6);
});

function verify(paths: readonly string[]): Promise<{ code: unknown; text: string }> {
  return new Promise(resolve => {
    execFile('systemd-analyze', ['verify', '--man=no', ...paths], (error, stdout, stderr) =>
      resolve({ code: error?.code, text: stdout + stderr }),
    );
  });
}
