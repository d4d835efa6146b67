import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { supervisorSeconds } from './supervisorSeconds.ts';

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
])('%s says how much that is', (file, times) => {
  const found = numbers(read(file), /DRAIN_SECONDS(?: \(30\))?,? and (\d+) s/g);
  expect(found).toEqual(Array(times).fill(supervisorSeconds(0)));
});
