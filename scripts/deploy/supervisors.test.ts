import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { supervisorSeconds } from './supervisorSeconds.ts';

test('the Procfile runs programs that are there; its router waits where ROUTER_PORT is not set', () => {
  const lines = read('Procfile').trim().split('\n');
  const programs = lines.map(line => /^(\w+): .*exec node_modules\/\.bin\/node (\w+\/main\.ts)$/.exec(line)?.slice(1));
  expect(programs).toEqual(['api', 'worker', 'router'].map(name => [name, `${name}/main.ts`]));
  expect(programs.filter(([, program = ''] = []) => !existsSync(new URL(`../../${program}`, import.meta.url)))).toEqual(
    [],
  );
  const [, command = ''] = /^router: (.*)$/m.exec(read('Procfile')) ?? [];
  const started = (env: NodeJS.ProcessEnv): string =>
    spawnSync('sh', ['-c', command.replaceAll('exec ', 'exec echo ')], { env: { PATH: process.env.PATH, ...env } })
      .stdout.toString()
      .trim();
  expect(started({})).toBe('tail -f /dev/null');
  expect(started({ ROUTER_PORT: '9000' })).toBe('node_modules/.bin/node router/main.ts');
});

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
/** All numbers that the pattern finds. */
const numbers = (text: string, pattern: RegExp): number[] =>
  [...text.matchAll(pattern)].map(([, found]) => Number(found));

test.each<[string, RegExp]>([
  ['.foreman', /^timeout: (\d+)$/gm],
  ['.overmind.env', /^OVERMIND_TIMEOUT=(\d+)$/gm],
  ['docs/deployment.md', /--timeout (\d+)/g],
])('%s leaves a worker the time to drain', (file, pattern) => {
  const found = numbers(read(file), pattern);
  expect(found.length).toBeGreaterThan(0);
  expect(Math.min(...found)).toBeGreaterThanOrEqual(supervisorSeconds());
});

test.each([
  ['docs/deployment.md', 5],
  ['.foreman', 1],
  ['.overmind.env', 1],
  ['.env.example', 1],
  ['docker-compose.yml', 1],
  ['deploy/systemd/livetran-worker@.service', 1],
  ['deploy/kubernetes/livetran.yaml', 1],
  ['deploy/kubernetes/routers.yaml', 1],
])('%s says how much that is', (file, times) => {
  const found = numbers(read(file), /DRAIN_SECONDS(?: \(30\))?,? and (\d+) s/g);
  expect(found).toEqual(Array(times).fill(supervisorSeconds(0)));
});
