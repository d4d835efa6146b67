import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { variables } from '../common/config/variables.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(`${root}${file}`, 'utf8');
const known = Object.keys(variables.shape);
const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(match => match[1] ?? '');

/** Not Livetran's: the compose file's own, and those of other programs in it. */
const COMPOSE_ONLY = ['PUBLIC_HOST', 'WORKERS', 'BUCKET'];

describe('docker-compose.yml', () => {
  const compose = read('docker-compose.yml');
  // Keys of `environment:` maps are the only ones in capitals.
  const set = all(compose, /^ +([A-Z][A-Z0-9_]*): /gm);

  test('sets only variables that exist', () => {
    expect(set.length).toBeGreaterThan(10);
    expect(set.filter(name => !known.includes(name) && !COMPOSE_ONLY.includes(name))).toEqual([]);
  });

  test('what must be in .env is in .env.example, and what is there exists', () => {
    const asked = all(compose, /\$\{([A-Z0-9_]+):\?/g);
    const offered = all(read('.env.example'), /^([A-Z0-9_]+)=/gm);
    expect(asked).toEqual(expect.arrayContaining(['JWT_SECRET', 'HMAC_SECRET']));
    expect(asked.filter(name => !offered.includes(name))).toEqual([]);
    expect(offered.filter(name => !known.includes(name) && !COMPOSE_ONLY.includes(name))).toEqual([]);
  });

  test('has no image without a version', () => {
    const images = all(compose, /^ +image: (.+)$/gm);
    expect(images.filter(image => !/:[\w.-]*\d/.test(image))).toEqual([]);
  });

  test('the programs it runs are there', () => {
    const programs = all(`${compose}${read('Dockerfile')}`, /"?node"?,? "?((?:api|worker|scripts)\/\w+\.ts)/g);
    expect(programs).toEqual(expect.arrayContaining(['api/main.ts', 'worker/main.ts', 'scripts/healthcheck.ts']));
    expect(programs.filter(program => !existsSync(`${root}${program}`))).toEqual([]);
  });
});

test('the Dockerfile sets only variables that exist', () => {
  const [, block = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(read('Dockerfile')) ?? [];
  const set = all(block, /([A-Z_]+)=/g);
  expect(set).toContain('SPOOL_DIR');
  expect(set.filter(name => !known.includes(name))).toEqual([]);
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
    const { first, last } = Object(value) as { first?: number; last?: number };
    const text = first === undefined ? String(value).replace('true', 'on').replace('false', 'off') : `${first}-${last}`;
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
    'README.md',
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
