import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { variables } from '../common/config/variables.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(`${root}${file}`, 'utf8');
const known = Object.keys(variables.shape);
const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(match => match[1] ?? '');

test('the Dockerfile sets only variables that exist', () => {
  const [, block = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(read('Dockerfile')) ?? [];
  const set = all(block, /([A-Z_]+)=/g);
  expect(set).toContain('SPOOL_DIR');
  expect(set.filter(name => !known.includes(name))).toEqual([]);
});

test('the image has the Node that the tests ran with', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  expect(read('Dockerfile')).toContain(`ARG NODE_IMAGE=node:${dependencies.node}-bookworm-slim\n`);
});

test('the image gets every file that its health check imports', () => {
  const allowed = all(read('.dockerignore'), /^!(.+)$/gm);
  const imports = (file: string): string[] => {
    const found = all(read(file), /from '(\.[^']+)'/g).map(path => new URL(path, `file:///${file}`).pathname.slice(1));
    return [file, ...found.flatMap(imports)];
  };
  expect(imports('scripts/healthcheck.ts').filter(file => !allowed.includes(file))).toEqual([]);
});

test('the Procfile runs what is there, without a shell that would swallow signals', () => {
  const programs = all(read('Procfile'), /^\w+: exec node_modules\/\.bin\/node (\S+)$/gm);
  expect(programs).toEqual(['api/main.ts', 'worker/main.ts']);
  expect(programs.filter(program => !existsSync(`${root}${program}`))).toEqual([]);
});

test.each([
  ['.foreman', /^timeout: (\d+)$/gm],
  ['.overmind.env', /^OVERMIND_TIMEOUT=(\d+)$/gm],
])('%s gives programs of the Procfile the time to drain', (file, pattern) => {
  const [seconds] = all(read(file), pattern);
  expect(Number(seconds)).toBeGreaterThanOrEqual(variables.parse({}).DRAIN_SECONDS + 25);
});

describe('docs/configuration.md', () => {
  const rows = new Map(
    [...read('docs/configuration.md').matchAll(/^\| `([A-Z0-9_]+)` \| (.*?) \| (.*) \|$/gm)].map(row => [
      row[1],
      row[2],
    ]),
  );

  test('has a row for every variable, and for nothing else', () => {
    expect([...rows.keys()].toSorted()).toEqual(known.toSorted());
  });

  test.each(Object.entries(variables.parse({})))('says the default of %s', (name, value) => {
    // Objects (a ladder) and the host's name are told in words.
    if (name === 'NODE_ID' || name === 'LADDER' || name === 'SINGLE') return expect(rows.get(name)).toMatch(/\w/);
    // Given as a picture's width and height, kept as their product.
    if (name === 'MAX_PIXELS') {
      const [, width, height] = /^`(\d+)x(\d+)`$/.exec(rows.get(name) ?? '') ?? [];
      return expect(Number(width) * Number(height)).toBe(value);
    }
    const { first, last } = Object(value) as { first?: number; last?: number };
    const pairs = (costs: object): string =>
      Object.entries(costs)
        .map(entry => entry.join('='))
        .join(',');
    const plain = name === 'PROFILE_COSTS' ? pairs(Object(value)) : String(value);
    const text = first === undefined ? plain.replace('true', 'on').replace('false', 'off') : `${first}-${last}`;
    expect(rows.get(name)).toBe(`\`${text}\``);
  });
});

test('package-lock.json has an entry for every optional package: npm ci refuses one that npm has left out', () => {
  const lock = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.entries(lock.packages).flatMap(([place, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      name => !lock.packages[`node_modules/${name}`] && !lock.packages[`${place}/node_modules/${name}`],
    ),
  );
  expect(missing).toEqual([]);
});

describe('links', () => {
  const pages = [
    ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
    ...['authentication', 'ingestion', 'configuration', 'deployment', 'operations', 'uploading', 'decisions'].map(
      name => `docs/${name}.md`,
    ),
  ];

  test.each(pages)('of %s lead to files that are there', page => {
    const targets = all(read(page), /\]\(([^)#]+)(?:#[^)]*)?\)/g).filter(target => !/^[a-z]+:/.test(target));
    const paths = targets.map(target => new URL(target, `file:///${page}`).pathname.slice(1));
    expect(paths.filter(path => !existsSync(`${root}${path}`))).toEqual([]);
  });
});
