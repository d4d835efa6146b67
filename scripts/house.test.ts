import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

// The rules of biome.json that hold the house together, seen failing: each room with an import of every other one.

const root = fileURLToPath(new URL('..', import.meta.url));
const rooms = ['common', 'api', 'worker', 'router', 'client', 'scripts'];
const targets = [...rooms.map(room => `../${room}/other.ts`), './own.ts', 'node:crypto', 'zod'];

/** By file: the sources that its import statements may not name, and the other rules that it breaks. */
const refused = new Map<string, string[]>();
let dir: string;

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(dir, file)), { recursive: true });
  await writeFile(join(dir, file), text);
}

/** One import of a type a line, so that a diagnostic's line says which one it is about. */
const importing = targets.map((target, i) => `import type { T${i} } from '${target}';`).join('\n');
const used = `export type All = ${targets.map((_, i) => `T${i}`).join(' | ')};`;

/** By file: waits of tests that a busy machine would fail, and waits that are long enough. */
const hasty = {
  hastyNumber: 'await vi.waitFor(() => ready(), 5_000)',
  hastyOption: 'await vi.waitUntil(() => ready(), { timeout: 500, interval: 10 })',
  hastyPoll: 'await expect.poll(() => ready(), { timeout: 9999 }).toBe(1)',
  hastyHarness: "await waitFor('the picture', () => ready(), 3_000)",
};
const patient = {
  patientNumber: 'await vi.waitFor(() => ready(), 10_000)',
  patientOption: 'await vi.waitUntil(() => ready(), { timeout: 20_000, interval: 10 })',
  patientDefault: "await waitFor('the picture', () => ready())",
};

interface Diagnostic {
  category: string;
  severity: string;
  location: { path: string | { file: string }; start?: { line: number } };
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-house-'));
  const config = JSON.parse(await readFile(join(root, 'biome.json'), 'utf8')) as object;
  await write('biome.json', JSON.stringify({ ...config, $schema: undefined, vcs: { enabled: false } }));
  for (const room of rooms) await write(`${room}/probe.ts`, `${importing}\n${used}\n`);
  await write('worker/long.ts', 'export {};\n'.repeat(301));
  await write('scripts/patientWaits.grit', await readFile(join(root, 'scripts/patientWaits.grit'), 'utf8'));
  for (const [name, wait] of Object.entries(hasty)) await write(`worker/${name}.ts`, `${wait};\n`);
  for (const [name, wait] of Object.entries(patient)) await write(`worker/${name}.ts`, `${wait};\n`);
  const biome = join(root, 'node_modules/.bin/biome');
  const args = ['lint', '--reporter=json', '--max-diagnostics=none'];
  const text = await new Promise<string>(done => {
    execFile(biome, args, { cwd: dir, maxBuffer: 1e8 }, (_error, stdout) => done(stdout));
  });
  const { diagnostics } = JSON.parse(text) as { diagnostics: Diagnostic[] };
  for (const { category, severity, location } of diagnostics) {
    // A plugin that fails itself says so with less than an error.
    if (severity !== 'error') continue;
    const path = typeof location.path === 'string' ? location.path : location.path.file;
    const isImport = category === 'lint/style/noRestrictedImports';
    const what = isImport ? (targets[(location.start?.line ?? 0) - 1] ?? '?') : category;
    refused.set(path, [...(refused.get(path) ?? []), what]);
  }
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const from = (...names: string[]): string[] => names.map(room => `../${room}/other.ts`);

test.each([
  ['common', from('api', 'worker', 'router', 'client', 'scripts')],
  ['api', from('worker', 'router', 'client', 'scripts')],
  ['worker', from('api', 'router', 'client', 'scripts')],
  ['router', from('api', 'worker', 'client', 'scripts')],
  ['client', [...from('common', 'api', 'worker', 'router', 'client', 'scripts'), 'zod']],
  ['scripts', []],
])('%s may not import %j', (room, expected) => {
  expect((refused.get(`${room}/probe.ts`) ?? []).toSorted()).toEqual(expected.toSorted());
});

test('a file has at most 300 lines', () => {
  expect(refused.get('worker/long.ts')).toContain('lint/style/noExcessiveLinesPerFile');
});

test('a wait of less than ten seconds is refused', () => {
  for (const name of Object.keys(hasty)) expect(refused.get(`worker/${name}.ts`)).toEqual(['plugin']);
  for (const name of Object.keys(patient)) expect(refused.get(`worker/${name}.ts`)).toBeUndefined();
});
