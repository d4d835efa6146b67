import { createHash, randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { keys } from '../../common/redis/keys.ts';
import { askRedis } from '../http/askRedis.ts';
import type { AdminAccount, AdminAccounts } from './adminAccounts.ts';

const stored = z.object({ name: z.string(), credential: z.string() });
const TOKEN = /^[A-Za-z0-9_-]{43}$/;
const keyOf = (token: string): string => keys.adminSession(createHash('sha256').update(token).digest('hex'));

/** Log-ins of people, in Redis, so that each replica of the API knows them. Only a digest of the token is stored. */
export class AdminSessions {
  readonly #redis: Redis;
  readonly #accounts: AdminAccounts;
  readonly #seconds: number;

  /** @param deps.redis fail-fast @param deps.seconds how long a session lasts from its last use */
  constructor(deps: { redis: Redis; accounts: AdminAccounts; seconds: number }) {
    this.#redis = deps.redis;
    this.#accounts = deps.accounts;
    this.#seconds = deps.seconds;
  }

  /** Returns the session's token: 256 random bits. */
  async open({ name, credential }: AdminAccount): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    const value = JSON.stringify({ name, credential });
    await askRedis(() => this.#redis.set(keyOf(token), value, 'EX', this.#seconds));
    return token;
  }

  /** Who opened it, and prolongs it. Undefined: it has expired or ended, or the account or its password has changed. */
  async find(token: string | undefined): Promise<AdminAccount | undefined> {
    if (token === undefined || !TOKEN.test(token)) return undefined;
    const text = await askRedis(() => this.#redis.getex(keyOf(token), 'EX', this.#seconds));
    if (text === null) return undefined;
    const session = stored.safeParse(parse(text)).data;
    const account = session && this.#accounts.find(session.name);
    return account?.credential === session?.credential ? account : undefined;
  }

  async end(token: string | undefined): Promise<void> {
    if (token !== undefined && TOKEN.test(token)) await askRedis(() => this.#redis.del(keyOf(token)));
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
