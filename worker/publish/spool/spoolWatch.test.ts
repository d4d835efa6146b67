import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../../../common/testing/silentLogger.ts';
import { Spool } from './spool.ts';
import { SpoolWatch } from './spoolWatch.ts';

const WAIT = { timeout: 10_000 };
const record = { streamId: 'show', run: 'run1', token: '170', stems: ['show'], firstNumber: 0, startedAt: 1 };

let spool: Spool;
let watch: SpoolWatch;
let found: string[];

beforeEach(async () => {
  spool = new Spool(await mkdtemp(join(tmpdir(), 'livetran-watch-')), 'node');
  await spool.claim();
  watch = new SpoolWatch({ spool, log: silentLogger() });
  found = [];
});
afterEach(async () => {
  await watch.stop();
  await rm(spool.dir, { recursive: true });
});

/** Resolves at the end of the first scan. */
const start = (): Promise<void> =>
  new Promise(scanned =>
    watch.start(
      origin => found.push(origin),
      () => scanned(),
    ),
  );

/** A segment as the segmenter writes it: under another name until it is closed. */
async function close(dir: string, name: string): Promise<void> {
  const part = join(dir, `.${name}.part`);
  await writeFile(part, Buffer.alloc(188));
  await rename(part, join(dir, name));
}

/** An epoch of a process that is not this one. */
async function foreignEpoch(origin: string): Promise<string> {
  const dir = join(spool.dir, origin);
  await mkdir(dir, { recursive: true });
  await writeFile(`${dir}.json`, '{}');
  return dir;
}

test('the first scan reports every closed segment that is there, and nothing else', async () => {
  const dir = await foreignEpoch('show/run1/169-1');
  await close(dir, 'show_000.ts');
  await writeFile(join(dir, '.show_001.ts.part'), 'open');
  await writeFile(join(dir, 'poster.jpg'), 'no segment');
  await foreignEpoch('other/run1/3-1');
  await start();
  expect(found).toEqual(['show/run1/169-1']);
});

test('a final name is reported when it appears, also in a new folder', async () => {
  await start();
  const first = await foreignEpoch('show/run1/169-1');
  await close(first, 'show_000.ts');
  await vi.waitFor(() => expect(found).toEqual(['show/run1/169-1']), WAIT);
  await close(first, 'show_001.ts');
  await vi.waitFor(() => expect(found).toHaveLength(2), WAIT);
});

test('an epoch that a session of this process works on is not watched', async () => {
  await start();
  const own = await spool.createEpoch(1, record);
  await close(own.dir, 'show_000.ts');
  // Later than the one above, in the same run's folder: once it is reported, so would the other have been.
  const foreign = await foreignEpoch('show/run1/171-1');
  await close(foreign, 'show_001.ts');
  await vi.waitFor(() => expect(found).toContain('show/run1/171-1'), WAIT);
  await close(own.dir, 'show_002.ts');
  await close(foreign, 'show_003.ts');
  await vi.waitFor(() => expect(found).toHaveLength(2), WAIT);
  expect(found).not.toContain(own.origin);
});

test('after stop() nothing is reported', async () => {
  await start();
  const dir = await foreignEpoch('show/run1/169-1');
  await close(dir, 'show_000.ts');
  await vi.waitFor(() => expect(found).toHaveLength(1), WAIT);
  await Promise.all([watch.stop(), watch.stop()]);
  const other = new SpoolWatch({ spool, log: silentLogger() });
  const later: string[] = [];
  other.start(
    origin => later.push(origin),
    () => undefined,
  );
  await close(dir, 'show_001.ts');
  await vi.waitFor(() => expect(later.length).toBeGreaterThanOrEqual(2), WAIT);
  await other.stop();
  expect(found).toHaveLength(1);
});
