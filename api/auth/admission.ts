import type { Redis } from 'ioredis';
import { Batch } from '../../common/redis/batch.ts';
import { keys } from '../../common/redis/keys.ts';
import { LuaScript } from '../../common/redis/luaScript.ts';
import { askRedis } from '../http/askRedis.ts';
import { admissionCall, type Request } from './admissionCall.ts';
import { PastLimit } from './pastLimit.ts';

const MOST = 500;
const outcomes = ['admitted', 'address', 'key', 'replayed'] as const;

/** How much of a limit is left. */
export interface LimitState {
  /** Requests a minute. */
  quota: number;
  left: number;
  /** Until all of it is there again. */
  fullInMs: number;
  /** Until there is one; 0: there is. */
  nextInMs: number;
}

export interface Verdict {
  /** `address`, `key`: over that limit. `replayed`: the signature was used before. */
  outcome: (typeof outcomes)[number];
  /** The version of the API keys in Redis. */
  version: string;
  address?: LimitState | undefined;
  key?: LimitState | undefined;
}

/**
 * Rate limits and used signatures of all API processes, in Redis. The requests of one turn of the event loop are decided in one script, so
 * a request costs one round trip at most. Subjects that are over their limit are remembered here, and cost none.
 */
export class Admission {
  readonly #redis: Redis;
  readonly #script = new LuaScript(new URL('./lua/admit.lua', import.meta.url));
  readonly #past = new PastLimit();
  readonly #batch: Batch<Request, Verdict>;

  /** @param redis fail-fast (role `request`) */
  constructor(redis: Redis) {
    this.#redis = redis;
    this.#batch = new Batch(requests => this.#decide(requests), { windowMs: 0, most: MOST });
  }

  /** Throws `redis_unavailable`. */
  admit(request: Request): Promise<Verdict> {
    return this.#batch.add(request);
  }

  /** How long this subject is over its limit, as far as this process knows (ms); 0: it may be under it. */
  pastLimitFor(subject: string): number {
    return this.#past.forMs(subject);
  }

  async #decide(requests: readonly Request[]): Promise<Verdict[]> {
    const call = admissionCall(requests);
    const buckets = [...call.subjects.keys()].map(keys.rateLimit);
    const names = [keys.apiKeysVersion, ...buckets, ...call.seconds.map(keys.usedSignatures)];
    const [version, digits, ...numbers] = (await askRedis(() => this.#script.run(this.#redis, names, call.args))) as [
      string,
      string,
      ...number[],
    ];
    const states = new Map<string, LimitState>();
    for (const [i, [subject, quota]] of [...call.subjects].entries()) {
      const [left = 0, fullInMs = 0, nextInMs = 0] = numbers.slice(3 * i, 3 * i + 3);
      if (nextInMs > 0) this.#past.set(subject, nextInMs);
      states.set(subject, { quota, left, fullInMs, nextInMs });
    }
    return requests.map(({ address, key }, i) => ({
      outcome: outcomes[Number(digits[i])] ?? 'replayed',
      version,
      address: address && states.get(address.subject),
      key: key && states.get(key.subject),
    }));
  }
}
