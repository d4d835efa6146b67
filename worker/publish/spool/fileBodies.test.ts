import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileBodies } from './fileBodies.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-bodies-'));
});
afterEach(() => rm(dir, { recursive: true }));

async function file(name: string, bytes: number, fill: string): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, Buffer.alloc(bytes, fill));
  return path;
}

test('each caller sees its own file, whatever sizes follow each other', async () => {
  const bodies = new FileBodies();
  const sizes = [0, 1, 300_000, 262_144, 262_145, 10, 1_000_000, 700_000];
  for (const [i, size] of [...sizes, ...sizes].entries()) {
    const letter = String.fromCharCode(97 + i);
    const path = await file(letter, size, letter);
    expect(await bodies.with(path, async body => body.equals(Buffer.alloc(size, letter)))).toBe(true);
  }
});

test('two files at a time have memory of their own; afterwards it is used again', async () => {
  const bodies = new FileBodies();
  const [a, b] = [await file('a', 1_000, 'a'), await file('b', 1_000, 'b')];
  const seen: Buffer[] = [];
  const use = async (path: string, letter: string) =>
    bodies.with(path, async body => {
      seen.push(body);
      await new Promise(resolve => setImmediate(resolve));
      expect(body.equals(Buffer.alloc(1_000, letter))).toBe(true);
    });
  await Promise.all([use(a, 'a'), use(b, 'b')]);
  await use(a, 'a');
  expect(seen[0]?.buffer).not.toBe(seen[1]?.buffer);
  expect(seen.slice(0, 2).map(body => body.buffer)).toContain(seen[2]?.buffer);
});

test('memory of an upload that failed is not used again: its request may still be reading it', async () => {
  const bodies = new FileBodies();
  const path = await file('a', 1_000, 'a');
  let failed: Buffer | undefined;
  const failing = bodies.with(path, async body => {
    failed = body;
    throw new Error('store away');
  });
  await expect(failing).rejects.toThrow('store away');
  await bodies.with(path, async body => expect(body.buffer).not.toBe(failed?.buffer));
});

test('a file that is gone is reported as such', async () => {
  const reading = new FileBodies().with(join(dir, 'gone'), async () => undefined);
  await expect(reading).rejects.toMatchObject({ code: 'ENOENT' });
});

test('memory that is kept has a bound', async () => {
  const bodies = new FileBodies();
  const path = await file('large', 20_000_000, 'x');
  let large: Buffer | undefined;
  await bodies.with(path, async body => {
    large = body;
  });
  await bodies.with(path, async body => expect(body.buffer).not.toBe(large?.buffer));
});
