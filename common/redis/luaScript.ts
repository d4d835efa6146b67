import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

const INCLUDE = /^-- @include (\S+)$/gm;

/**
 * A Lua script from a file, run by its SHA (EVALSHA) and sent whole only when Redis does not know it yet: once after
 * each Redis restart. `-- @include <file>` lines are replaced by that file's text, relative to the including file.
 */
export class LuaScript {
  readonly #source: string;
  readonly #sha: string;

  /** @param url where the .lua file is, e.g. `new URL('./lua/x.lua', import.meta.url)` */
  constructor(url: URL) {
    this.#source = readFileSync(url, 'utf8').replaceAll(INCLUDE, (_line, file: string) =>
      readFileSync(new URL(file, url), 'utf8'),
    );
    this.#sha = createHash('sha1').update(this.#source).digest('hex');
  }

  async run(redis: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await redis.evalsha(this.#sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return redis.eval(this.#source, keys.length, ...keys, ...args);
    }
  }
}
