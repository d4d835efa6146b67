import { createHash, randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { AppError } from '../../common/errors.ts';
import { keys } from '../../common/redis/keys.ts';
import { LuaScript } from '../../common/redis/luaScript.ts';
import { askRedis } from './askRedis.ts';
import type { Reply } from './route.ts';

/** How long an answer is kept. */
const KEPT_SECONDS = 86_400;
/** A request that takes longer is taken to be that of a process that died. */
const TAKES_MS = 30_000;

const stored = z.object({
  status: z.number(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
});

export interface RepeatableRequest {
  /** Whose Idempotency-Key it is: each key id has its own. */
  keyId: string;
  idempotencyKey: string;
  /** What must be the same in a repeated request. */
  content: { method: string; path: string; body: Buffer };
}

/**
 * Carries requests with an Idempotency-Key out once, on whichever API they come: one that is repeated within 24 h gets the first
 * answer. An answer that is an error is not kept.
 */
export class RepeatedRequests {
  readonly #redis: Redis;
  readonly #claim = new LuaScript(new URL('./lua/claim-request.lua', import.meta.url));
  readonly #end = new LuaScript(new URL('./lua/end-request.lua', import.meta.url));

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /**
   * @param carryOut gets a word that is the same for each repeat of this request. What it made before it failed it finds by that
   * @throws `idempotency_key_reused`, `idempotency_key_in_use`, and what `carryOut` throws
   */
  async run(request: RepeatableRequest, carryOut: (repeatKey: string) => Promise<Reply>): Promise<Reply> {
    const repeatKey = digest(request.keyId, request.idempotencyKey);
    const entry = keys.idempotency(repeatKey);
    const taker = randomUUID();
    const { method, path, body } = request.content;
    const claim = [digest(method, path, body), taker, TAKES_MS, KEPT_SECONDS];
    const [kind, text] = (await askRedis(() => this.#claim.run(this.#redis, [entry], claim))) as [string, string?];
    if (kind === 'done') return replay(text ?? '');
    if (kind === 'busy') {
      throw new AppError('idempotency_key_in_use', 'the same request is being carried out; send it again in a second');
    }
    if (kind === 'other') {
      throw new AppError('idempotency_key_reused', 'this Idempotency-Key was sent with another method, path or body');
    }
    const end = (reply: string, isFree: boolean) =>
      this.#end.run(this.#redis, [entry], [taker, reply, isFree ? '1' : '0']).catch(() => undefined);
    try {
      const reply = await carryOut(repeatKey);
      await end(JSON.stringify({ status: reply.status, headers: reply.headers, body: reply.body }), false);
      return reply;
    } catch (error) {
      // After a fault of ours it is not known what was done: only the same request may follow.
      await end('', error instanceof AppError && error.status < 500);
      throw error;
    }
  }
}

function replay(text: string): Reply {
  const { status, headers, body } = stored.parse(JSON.parse(text));
  return { status, headers: { ...headers, 'Idempotent-Replayed': 'true' }, body };
}

/** Two lists of parts have one digest only when they are equal. */
function digest(...parts: (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex').slice(0, 40);
}
