import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { ZodError } from 'zod';
import { AppError } from '../errors.ts';
import { EntryParser } from '../redis/entryParser.ts';
import { keys, RECORD_TTL_SECONDS } from '../redis/keys.ts';
import { LuaScript } from '../redis/luaScript.ts';
import { refusedStart } from './refusedStart.ts';
import { type StartOptions, startFields } from './startOptions.ts';
import { parseStreamRecord, type StreamRecord } from './streamRecord.ts';
import type { StreamState } from './streamState.ts';

export interface RotateOptions {
  /** All keys before the new one are worthless from now on, and the encoder that used one is disconnected. */
  revoke?: boolean;
  /** Replaces the passphrase; null removes it. Absent: it stays. Encoders that are connected stay, unless `revoke`. */
  passphrase?: string | null;
}

/** A new stream key that was requested. It is in the record's `srtUrl` once `urlGeneration` is at least `generation`. */
export interface RotatedKey {
  run: string;
  generation: number;
}

/** Why an app ends a stream: `completed` does not wait for segments that are not stored yet. */
export type StopReason = 'user_stop' | 'completed';

/** Each fails only because another call has succeeded. */
const EDIT_ATTEMPTS = 10;
const KIND = 'stream record';

/** Stream records for processes that do not own the stream: create, request a stop, read. */
export class StreamStore {
  readonly #redis: Redis;
  readonly #entries: EntryParser;
  readonly #start = new LuaScript(new URL('./lua/start-stream.lua', import.meta.url));
  readonly #stop = new LuaScript(new URL('./lua/stop-stream.lua', import.meta.url));
  readonly #edit = new LuaScript(new URL('./lua/edit-stream.lua', import.meta.url));
  readonly #rotate = new LuaScript(new URL('./lua/rotate-key.lua', import.meta.url));

  constructor(redis: Redis, entries = new EntryParser()) {
    this.#redis = redis;
    this.#entries = entries;
  }

  /**
   * Creates the record of a new run (INITIALISED) and returns the run. Throws `stream_running` while one is under way, and
   * `quota` when so many streams are not STOPPED, of all or of this API key, or the key has started too many in this minute.
   */
  async start(streamId: string, options: StartOptions): Promise<string> {
    const run = `${Date.now().toString(36)}${randomBytes(4).toString('hex')}`;
    const { maxStreams = 0, quota } = options;
    const keyId = quota?.keyId ?? '';
    const creating = this.#start.run(
      this.#redis,
      [keys.stream(streamId), keys.live, keys.index, keys.outbox, keys.startedBy(keyId), keys.starts(keyId)],
      [streamId, run, maxStreams, quota?.maxStreams ?? 0, quota?.startsPerMinute ?? 0, ...startFields(options)],
    );
    const [created, detail] = (await this.#readable(streamId, creating)) as [number, string];
    if (created === 1) return run;
    throw refusedStart(created, detail, { streamId, quota });
  }

  /** Requests a stop. Throws `stream_not_found` when no such stream is running. */
  async stop(streamId: string, reason: StopReason = 'user_stop'): Promise<'stopping' | 'stopped'> {
    const stopping = this.#stop.run(
      this.#redis,
      [keys.stream(streamId), keys.live, keys.outbox],
      [streamId, reason, RECORD_TTL_SECONDS, keys.wakeChannel],
    );
    const answer = await this.#readable(streamId, stopping);
    if (answer === 0) throw new AppError('stream_not_found', `stream "${streamId}" is not running`);
    return answer === 2 ? 'stopped' : 'stopping';
  }

  /** Requests a new stream key, which the stream's owner makes. Throws `stream_not_found` when no such stream is running. */
  async rotateKey(streamId: string, { revoke = false, passphrase }: RotateOptions = {}): Promise<RotatedKey> {
    const flags = [revoke ? '1' : '0', passphrase === undefined ? '0' : '1'];
    const rotating = this.#rotate.run(
      this.#redis,
      [keys.stream(streamId)],
      [streamId, ...flags, passphrase ?? '', keys.wakeChannel],
    );
    const [found, run, generation] = (await this.#readable(streamId, rotating)) as [number, string, number];
    if (found === 0) throw new AppError('stream_not_found', `stream "${streamId}" is not running`);
    return { run, generation };
  }

  /**
   * Changes what its owner does not write. `edit` makes the fields from the record as it is ('' deletes), and is asked again when
   * another call has changed it meanwhile. Throws `stream_not_found`, and what `edit` throws.
   */
  async edit(streamId: string, edit: (record: StreamRecord) => Readonly<Record<string, string>>): Promise<void> {
    for (let attempt = 0; attempt < EDIT_ATTEMPTS; attempt += 1) {
      const record = await this.get(streamId);
      if (!record) throw new AppError('stream_not_found', `stream "${streamId}" does not exist`);
      const fields = Object.entries(edit(record)).flat();
      const args = [record.run, record.edits, ...fields];
      if ((await this.#edit.run(this.#redis, [keys.stream(streamId)], args)) === 1) return;
    }
    throw new AppError('edit_conflict', `stream "${streamId}" is being changed by too many calls; send it again`);
  }

  /** Throws `stream_unreadable` when the record does not parse. */
  async get(streamId: string): Promise<StreamRecord | undefined> {
    const read = async () => parseStreamRecord(await this.#redis.hgetall(keys.stream(streamId)));
    return this.#readable(streamId, read());
  }

  /** All streams that are not STOPPED, but those whose record does not parse. */
  async live(): Promise<StreamRecord[]> {
    return this.read(await this.#redis.smembers(keys.live));
  }

  /** How many streams are in each state, STOPPED ones left out. */
  async counts(): Promise<Record<Exclude<StreamState, 'STOPPED'>, number>> {
    const counts = { INITIALISED: 0, READY: 0, STREAMING: 0 };
    for (const ids of chunks(await this.#redis.smembers(keys.live))) {
      const pipeline = this.#redis.pipeline();
      for (const id of ids) pipeline.hget(keys.stream(id), 'state');
      for (const [i, [error, state]] of ((await pipeline.exec()) ?? []).entries()) {
        if (error) this.#skip(ids[i] ?? '', error);
        if (state === 'INITIALISED' || state === 'READY' || state === 'STREAMING') counts[state] += 1;
      }
    }
    return counts;
  }

  /** The records of these streams, in their order. One that is not there, or does not parse, is left out. */
  async read(ids: readonly string[]): Promise<StreamRecord[]> {
    const records: StreamRecord[] = [];
    for (const part of chunks(ids)) {
      const pipeline = this.#redis.pipeline();
      for (const id of part) pipeline.hgetall(keys.stream(id));
      for (const [i, [error, hash]] of ((await pipeline.exec()) ?? []).entries()) {
        const id = part[i] ?? '';
        if (error) this.#skip(id, error);
        const read = () => parseStreamRecord((hash ?? {}) as Record<string, string>);
        const record = this.#entries.parse(KIND, id, read);
        if (record) records.push(record);
      }
    }
    return records;
  }

  /** A call about one stream. A record that is none is counted, and the error says what to do. */
  async #readable<Answer>(id: string, call: Promise<Answer>): Promise<Answer> {
    try {
      return await call;
    } catch (error) {
      if (!(error instanceof ZodError) && !isOtherType(error)) throw error;
      this.#entries.skip(KIND, id, error);
      const key = keys.stream(id);
      const message = `the record of stream "${id}" in Redis cannot be read; delete the key ${key}, then start the stream again`;
      throw new AppError('stream_unreadable', message, { cause: error });
    }
  }

  /** One key of another type is one bad record. Any other error is Redis's, and everything's. */
  #skip(id: string, error: Error): void {
    if (!isOtherType(error)) throw error;
    this.#entries.skip(KIND, id, error);
  }
}

const isOtherType = (error: unknown): boolean => error instanceof Error && error.message.startsWith('WRONGTYPE');

/** So many commands at a time that neither Redis nor this process keeps others waiting for more than a few ms. */
const CHUNK = 500;

function* chunks(ids: readonly string[]): Generator<readonly string[]> {
  for (let i = 0; i < ids.length; i += CHUNK) yield ids.slice(i, i + CHUNK);
}
