import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Packs client/ and lays the package into a folder's node_modules, as npm install does. For tests. */
export async function installClient(dir: string): Promise<void> {
  const args = ['pack', join(root, 'client'), '--pack-destination', dir, '--json', '--loglevel=error'];
  const { stdout } = await run('npm', args, { cwd: root });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  const target = join(dir, 'node_modules/@livetran/client');
  await mkdir(target, { recursive: true });
  await run('tar', ['-xzf', join(dir, filename), '-C', target, '--strip-components=1']);
}
