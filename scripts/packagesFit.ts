import { readFileSync } from 'node:fs';
import { type LockedPackages, missingPackages } from './lib/missingPackages.ts';

// packagesFit.ts run|tests: ends with 0 when node_modules holds what package-lock.json wants, in order to run Livetran
// or its tests, else with 1. Runs in the project's folder; imports no package.

function packagesOf(file: string): LockedPackages {
  return (JSON.parse(readFileSync(file, 'utf8')) as { packages: LockedPackages }).packages;
}

/** glibc reports its version to Node, musl does not. */
function libc(): string {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime ? 'glibc' : 'musl';
}

const host = { os: process.platform, cpu: process.arch, libc: libc() };
const missing = missingPackages(
  packagesOf('package-lock.json'),
  packagesOf('node_modules/.package-lock.json'),
  process.argv[2] === 'tests' ? host : undefined,
);
process.exitCode = missing.length === 0 ? 0 : 1;
