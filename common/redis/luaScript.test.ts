import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../testing/startRedis.ts';
import { LuaScript } from './luaScript.ts';

let server: TestRedis;
let redis: Redis;
let dir: string;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  dir = await mkdtemp(join(tmpdir(), 'livetran-lua-'));
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  await rm(dir, { recursive: true });
});

async function script(files: Record<string, string>, main = 'main.lua'): Promise<LuaScript> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return new LuaScript(pathToFileURL(join(dir, main)));
}

test('runs with keys and arguments', async () => {
  const set = await script({ 'main.lua': "return { redis.call('SET', KEYS[1], ARGV[1]), ARGV[2] }" });
  expect(await set.run(redis, ['k'], ['$& v', 7])).toEqual(['OK', '7']);
  expect(await redis.get('k')).toBe('$& v');
});

test('is sent whole only when Redis does not know it, also after a flush', async () => {
  const add = await script({ 'main.lua': "return redis.call('INCR', KEYS[1])" });
  const evals = async () => Number(/cmdstat_eval:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0);
  await redis.script('FLUSH');
  const before = await evals();
  expect(await add.run(redis, ['n'], [])).toBe(1);
  expect(await add.run(redis, ['n'], [])).toBe(2);
  expect(await evals()).toBe(before + 1);
  await redis.script('FLUSH');
  expect(await add.run(redis, ['n'], [])).toBe(3);
  expect(await evals()).toBe(before + 2);
});

test('includes other files, with every $ of theirs', async () => {
  const main = '-- @include part.lua\nreturn part()\n';
  const withPart = await script({ 'part.lua': "local function part() return '$1 $& $$' end\n", 'main.lua': main });
  expect(await withPart.run(redis, [], [])).toBe('$1 $& $$');
});

test("passes on what the script's own errors say", async () => {
  const broken = await script({ 'main.lua': "return redis.call('INCR', KEYS[1])" });
  await redis.set('word', 'x');
  await expect(broken.run(redis, ['word'], [])).rejects.toThrow('not an integer');
});

test('a missing file is reported at construction', async () => {
  await expect(script({}, 'missing.lua')).rejects.toThrow('ENOENT');
});
