import type { Redis } from 'ioredis';
import { EntryParser } from '../redis/entryParser.ts';
import { keys } from '../redis/keys.ts';
import { LuaScript } from '../redis/luaScript.ts';
import { sampleText } from './sampleText.ts';
import type { StreamSample } from './streamSample.ts';

/** The last 15 minutes, one a second. */
const KEPT = 900;
const TTL_SECONDS = KEPT + 60;

/** Which run a sample is of. */
export interface RunRef {
  streamId: string;
  run: string;
}

/** The figures of live streams in Redis: the last 15 minutes of each run, then they expire. */
export class StreamSamples {
  readonly #redis: Redis;
  readonly #entries: EntryParser;
  readonly #append = new LuaScript(new URL('./lua/append-samples.lua', import.meta.url));

  /** @param entries counts samples that do not parse */
  constructor(redis: Redis, entries = new EntryParser()) {
    this.#redis = redis;
    this.#entries = entries;
  }

  /** Appends a sample to each run, in one command. Rejects when Redis does not answer. */
  async append(samples: readonly (RunRef & { sample: StreamSample })[]): Promise<void> {
    const runs = samples.map(({ streamId, run }) => keys.samples(streamId, run));
    const texts = samples.map(({ sample }) => sampleText.write(sample));
    await this.#append.run(this.#redis, runs, [KEPT, TTL_SECONDS, ...texts]);
  }

  /** The last `count` samples of a run, oldest first. One that does not parse is skipped. */
  async read({ streamId, run }: RunRef, count: number): Promise<StreamSample[]> {
    const key = keys.samples(streamId, run);
    const texts = await this.#redis.lrange(key, -count, -1);
    return texts.flatMap(text => this.#entries.parse('stream sample', key, () => sampleText.read(text)) ?? []);
  }

  /** The last sample of each run. A run that has none, or none that parses, is left out. */
  async latest(runs: readonly RunRef[]): Promise<(RunRef & { sample: StreamSample })[]> {
    const pipeline = this.#redis.pipeline();
    for (const { streamId, run } of runs) pipeline.lindex(keys.samples(streamId, run), -1);
    const answers = (await pipeline.exec()) ?? [];
    return runs.flatMap(({ streamId, run }, i) => {
      const [error, text] = answers[i] ?? [];
      if (error) throw error;
      if (typeof text !== 'string') return [];
      const sample = this.#entries.parse('stream sample', streamId, () => sampleText.read(text));
      return sample ? [{ streamId, run, sample }] : [];
    });
  }
}
