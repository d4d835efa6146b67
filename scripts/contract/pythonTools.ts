import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** What of PyPI is used, with its version. */
const packages = ['schemathesis==4.32.5', 'openapi-python-client==0.29.1'];

/** Installs the Python tools into a virtual environment in this folder, unless they are there; returns the folder of its programs. */
export async function pythonTools(dir: string): Promise<string> {
  const bin = join(dir, 'bin');
  const mark = join(dir, 'packages.json');
  const wanted = JSON.stringify(packages);
  if (existsSync(mark) && (await readFile(mark, 'utf8')) === wanted) return bin;
  await mkdir(dir, { recursive: true });
  await execa('python3', ['-m', 'venv', dir], { stdio: 'inherit' });
  await execa(join(bin, 'pip'), ['install', '--quiet', ...packages], { stdio: 'inherit' });
  await writeFile(mark, wanted);
  return bin;
}
