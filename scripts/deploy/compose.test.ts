import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../common/config/loadConfig.ts';
import { variables } from '../../common/config/variables.ts';
import { interpolate } from './interpolate.ts';
import { supervisorSeconds } from './supervisorSeconds.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(`${root}${file}`, 'utf8');
const known = Object.keys(variables.shape);

interface Service {
  image: string;
  command?: string | string[];
  cap_drop?: string[];
  security_opt?: string[];
  read_only?: boolean;
  mem_limit?: string;
  stop_grace_period?: string;
  environment: Record<string, string | number | null>;
}

const compose = read('docker-compose.yml');
const { services } = parse(compose, { merge: true }) as { services: Record<string, Service> };
const { api, worker, router } = services as { api: Service; worker: Service; router: Service };

/** Paths and addresses inside the containers, and the client's own variable. */
const FIXED = [
  ...['REDIS_URL', 'REDIS_CA', 'API_HOST', 'API_PORT', 'API_URL'],
  ...['DATA_DIR', 'OUTPUT_DIR', 'SPOOL_DIR', 'TLS_CERT_FILE', 'TLS_KEY_FILE'],
];
/** Read by docker-compose.yml itself. */
const COMPOSE_ONLY = ['PUBLIC_HOST', 'WORKERS', 'MEMORY_PER_WORKER', 'STOP_GRACE_PERIOD', 'REDIS_PASSWORD'];

const offered = Object.fromEntries(
  [...read('.env.example').matchAll(/^([A-Z0-9_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
);
/** .env.example with its empty lines filled in. */
const filledIn = Object.fromEntries(
  Object.entries(offered).map(([name, value]) => [name, value || `filled in for ${name}`.replaceAll(' ', '-')]),
);

/** The environment that a container gets, with that .env. */
function environmentOf(service: Service, env: Record<string, string>): Record<string, string | undefined> {
  const entries = Object.entries(service.environment).map(([name, value]) => [
    name,
    value === null ? env[name] : interpolate(String(value), env),
  ]);
  return Object.fromEntries(entries) as Record<string, string | undefined>;
}

test('every variable can be set in .env, and reaches the program that reads it', () => {
  const names = known.filter(name => !FIXED.includes(name));
  const env = { ...filledIn, ...Object.fromEntries(names.map(name => [name, `value of ${name}`])) };
  const reached = { ...environmentOf(router, env), ...environmentOf(worker, env), ...environmentOf(api, env) };
  expect(names.filter(name => reached[name] !== `value of ${name}`)).toEqual([]);
  expect(Object.keys(reached).filter(name => !known.includes(name))).toEqual([]);
});

test('without a value in .env a variable keeps its default', () => {
  expect(environmentOf(worker, filledIn)).toMatchObject({ SRT_LATENCY_MS: undefined, WORKER_STREAMS: '4' });
});

test.each([
  ['api', api, ['HMAC_SECRET']],
  ['worker', worker, ['HMAC_SECRET', 'JWT_SECRET']],
] as const)('%s starts with .env.example, filled in', (_name, service, required) => {
  const { config, warnings } = loadConfig(environmentOf(service, filledIn), required, { storeKeys: service !== api });
  expect(warnings).toEqual([]);
  expect(config.storage.publicUrl).toBe('http://localhost:8333/live');
  expect(new URL(config.REDIS_URL).password).toBe(filledIn.REDIS_PASSWORD);
});

test('the API gets neither the key of stream keys nor those of the store', () => {
  expect(Object.keys(api.environment).filter(name => /^(JWT_SECRET|R2_|S3_)/.test(name))).toEqual([]);
});

test('what must be in .env is in .env.example, and what is there exists', () => {
  const required = [...compose.matchAll(/\$\{([A-Z0-9_]+):\?/g)].map(([, name = '']) => name);
  expect(required).toEqual(expect.arrayContaining(['JWT_SECRET', 'HMAC_SECRET', 'REDIS_PASSWORD']));
  expect(required.filter(name => !(name in offered))).toEqual([]);
  expect(Object.keys(offered).filter(name => ![...known, ...COMPOSE_ONLY].includes(name))).toEqual([]);
  // Procfile runners pass all of it on.
  expect(loadConfig({ ...filledIn, STORAGE: 'file' }).warnings).toEqual([]);
});

describe.each(Object.entries(services))('%s', (name, service) => {
  test('has an image with an exact version', () => {
    expect(service.image).toMatch(/:v?\d+\.\d+(\.\d+)?(-\w+)?$/);
  });

  test('is confined', () => {
    expect(service.cap_drop).toEqual(['ALL']);
    // Nothing else: the seccomp profile is Docker's own.
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    expect(service.mem_limit).toMatch(/./);
    if (!name.startsWith('s3')) expect(service.read_only).toBe(true);
  });
});

test('a worker has memory for 600 MB, for 1 GB of FFmpeg for each stream, and the time to drain', () => {
  for (const env of [{}, offered]) {
    const [, gigabytes] = /^(\d+)g$/.exec(interpolate(worker.mem_limit ?? '', env)) ?? [];
    const streams = interpolate(String(worker.environment.WORKER_STREAMS), env);
    expect(Number(gigabytes)).toBeGreaterThanOrEqual(Number(streams) + 0.6);
    const [, seconds] = /^(\d+)s$/.exec(interpolate(worker.stop_grace_period ?? '', env)) ?? [];
    expect(Number(seconds)).toBeGreaterThanOrEqual(supervisorSeconds());
  }
});

test('the programs it runs are there', () => {
  const text = `${compose}${read('Dockerfile')}`;
  const programs = [...text.matchAll(/"?node"?,? "?((?:api|worker|router|scripts)\/\w+\.ts)/g)].map(([, file]) => file);
  const needed = ['api/main.ts', 'worker/main.ts', 'router/main.ts', 'scripts/healthcheck.ts'];
  expect(programs).toEqual(expect.arrayContaining(needed));
  expect(programs.filter(program => !existsSync(`${root}${program}`))).toEqual([]);
});
