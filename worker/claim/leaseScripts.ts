import type { Redis } from 'ioredis';
import { Batch } from '../../common/redis/batch.ts';
import { keys, RECORD_TTL_SECONDS } from '../../common/redis/keys.ts';
import { LuaScript } from '../../common/redis/luaScript.ts';
import { profileOf, type StreamProfile } from '../../common/stream/streamProfile.ts';
import { enteredFrom, type StreamReason, type StreamState } from '../../common/stream/streamState.ts';

/** What a worker holds: a stream's run, under its fencing token. */
export interface HeldLease {
  streamId: string;
  run: string;
  token: string;
}

/**
 * How a stream goes on with another worker: `handed_over` with one of this node first, which keeps its port; `moved` with any
 * worker at once; `failing` with any, and this owner counts as lost.
 */
export type HandOver = 'handed_over' | 'moved' | 'failing';

/** How a lease is given back; `free`: the run is over. */
export type ReleaseHow = 'free' | HandOver;

/** Of a stream that had no owner yet, of one that was handed over, or of one whose owner was lost. */
export type TakenHow = 'created' | 'handed_over' | 'worker_lost';

export interface Taken {
  kind: 'taken';
  token: string;
  /** Redis's time (ms since 1970). */
  now: number;
  record: Record<string, string>;
  /** The owner before did not give it back: it died, or was cut off, after so long (ms). */
  lostAfterMs?: number;
  how: TakenHow;
  /** For how long the stream had no owner (ms). */
  vacantMs: number;
}

export type Acquired = Taken | { kind: 'held'; msLeft: number } | { kind: 'over' };

/** What the record says about who may publish, as it is there; '' where it says nothing. */
export type RecordedAccess = Readonly<Record<'keyGeneration' | 'keyFloor' | 'passphrase', string>>;

export type Renewed =
  | { kind: 'renewed'; stopReason: string | undefined; sequence: string; access: RecordedAccess; streamingAt: string }
  | { kind: 'fenced' }
  | { kind: 'lost' };

export type Updated = { kind: 'written'; sequence: string | undefined } | { kind: 'fenced' } | { kind: 'forbidden' };

export interface StreamWrite {
  /** The state to move to; left out: unchanged. */
  state?: StreamState;
  /** The event's sentence; left out: the write is not reported. */
  event?: string;
  /** The event's reason, when it is not that of the stream's state: the record keeps its own reason and text. */
  eventReason?: StreamReason;
  /** Record fields to set; '' deletes. */
  fields?: Readonly<Record<string, string | number>>;
}

type Renewal = HeldLease & { ttlMs: number };

/** Leases renew at the same moment (StreamLease), so these few ms bring them all into one script. */
const RENEWALS = { windowMs: 5, most: 200 };

/** The owner's Redis scripts, typed. Rejects when Redis does not answer in time. */
export class LeaseScripts {
  readonly #redis: Redis;
  readonly #acquire = new LuaScript(new URL('./lua/acquire-lease.lua', import.meta.url));
  readonly #renew = new LuaScript(new URL('./lua/renew-leases.lua', import.meta.url));
  readonly #release = new LuaScript(new URL('./lua/release-lease.lua', import.meta.url));
  readonly #forfeit = new LuaScript(new URL('./lua/forfeit-lease.lua', import.meta.url));
  readonly #update = new LuaScript(new URL('./lua/update-stream.lua', import.meta.url));
  readonly #restore = new LuaScript(new URL('./lua/restore-stream.lua', import.meta.url));

  readonly #renewals = new Batch<Renewal, (number | string)[]>(items => this.#renewAll(items), RENEWALS);

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Calls back each time when Redis can be asked (again). */
  onReady(listener: () => void): void {
    this.#redis.on('ready', listener);
  }

  /**
   * @param owner unique for each claim; asked again with the same one, it gets the same token
   * @param patienceMs for how long another owner's lease that has run out is left to it, unless that is known to be dead
   */
  async acquire(streamId: string, run: string, owner: string, ttlMs: number, patienceMs = 0): Promise<Acquired> {
    const args = [run, owner, ttlMs, Math.ceil(patienceMs)];
    const [kind, ...rest] = (await this.#acquire.run(
      this.#redis,
      [keys.stream(streamId), keys.purge(streamId)],
      args,
    )) as [number, ...string[]];
    if (kind === -1) return { kind: 'over' };
    if (kind === 0) return { kind: 'held', msLeft: Number(rest[0]) };
    const record: Record<string, string> = {};
    for (let i = 1; i + 1 < rest.length; i += 2) record[rest[i] ?? ''] = rest[i + 1] ?? '';
    // The last renewal was a whole lease before its end.
    const lost = record.lostAfter === undefined ? {} : { lostAfterMs: Math.max(0, Number(record.lostAfter) - ttlMs) };
    const now = Number(rest[0]);
    return { kind: 'taken', token: record.token ?? '', now, record, ...lost, ...vacancy(record, now) };
  }

  async renew(lease: HeldLease, ttlMs: number): Promise<Renewed> {
    const answer = await this.#renewals.add({ ...lease, ttlMs });
    if (answer[0] === 0) return { kind: 'fenced' };
    if (answer[0] === 2) return { kind: 'lost' };
    const stopReason = answer[1] === 'stop' ? String(answer[2] || 'user_stop') : undefined;
    const [keyGeneration = '', keyFloor = '', passphrase = '', streamingAt = ''] = answer.slice(4).map(String);
    const access = { keyGeneration, keyFloor, passphrase };
    return { kind: 'renewed', stopReason, sequence: String(answer[3]), access, streamingAt };
  }

  async #renewAll(items: readonly Renewal[]) {
    const records = items.map(({ streamId }) => keys.stream(streamId));
    const args = items.flatMap(({ token, run, ttlMs }) => [token, run, ttlMs]);
    return (await this.#renew.run(this.#redis, records, args)) as (number | string)[][];
  }

  /** The profile of a run that is to be taken; undefined: it is over, or there is none. */
  async profile(streamId: string, run: string): Promise<StreamProfile | undefined> {
    const [its, state, profile, abr] = await this.#redis.hmget(keys.stream(streamId), 'run', 'state', 'profile', 'abr');
    return its !== run || state === 'STOPPED' ? undefined : profileOf({ profile, abr });
  }

  async release({ streamId, run, token }: HeldLease, how: ReleaseHow = 'free'): Promise<void> {
    await this.#release.run(this.#redis, [keys.stream(streamId)], [token, run, how]);
  }

  /** Ends a dead process's lease of a run at once. False: it was not its any more. */
  async forfeit(streamId: string, run: string, process: string): Promise<boolean> {
    return (await this.#forfeit.run(this.#redis, [keys.stream(streamId)], [run, process])) === 1;
  }

  /** @param count of the owner's writes, this one included: a write that is repeated with its count is made once */
  async update({ streamId, run, token }: HeldLease, write: StreamWrite, count: number): Promise<Updated> {
    const fields = Object.entries(write.fields ?? {}).flat();
    const from = write.state ? enteredFrom[write.state].join(',') : '';
    const answer = await this.#update.run(
      this.#redis,
      [keys.stream(streamId), keys.live, keys.outbox],
      [
        token,
        streamId,
        write.state ?? '',
        from,
        write.event ?? '',
        RECORD_TTL_SECONDS,
        count,
        run,
        write.eventReason ?? '',
        ...fields,
      ],
    );
    if (answer === -1) return { kind: 'fenced' };
    if (answer === -2) return { kind: 'forbidden' };
    return { kind: 'written', sequence: answer === 0 ? undefined : String(answer) };
  }

  async restore(streamId: string, record: Readonly<Record<string, string>>): Promise<boolean> {
    const answer = await this.#restore.run(
      this.#redis,
      [keys.stream(streamId), keys.live, keys.index],
      [streamId, ...Object.entries(record).flat()],
    );
    return answer === 1;
  }
}

/** @param now Redis's, as are the times in the record */
function vacancy(record: Readonly<Record<string, string>>, now: number): { how: TakenHow; vacantMs: number } {
  const { lostSince, handedOver, createdAt } = record;
  const since = lostSince ?? handedOver ?? createdAt;
  const how = lostSince !== undefined ? 'worker_lost' : handedOver !== undefined ? 'handed_over' : 'created';
  return { how, vacantMs: Math.max(0, now - (Number(since) || now)) };
}
