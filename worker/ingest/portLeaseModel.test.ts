import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AppError } from '../../common/errors.ts';
import { keys } from '../../common/redis/keys.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { PortLeases } from './portLease.ts';

const FIRST = 20_000;
const PORTS = 5;
const range = { first: FIRST, last: FIRST + PORTS - 1 };

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

type Step = { kind: 'claim' | 'renew' | 'release' | 'quarantine' | 'expire'; holder: string; port: number };

const step: fc.Arbitrary<Step> = fc.record({
  // Claims more often than the rest, or the range is never full.
  kind: fc.constantFrom('claim', 'claim', 'claim', 'renew', 'release', 'quarantine', 'expire'),
  holder: fc.constantFrom('a.1', 'b.1', 'c.1', 'd.1', 'e.1', 'f.1', 'g.1'),
  port: fc.integer({ min: FIRST, max: range.last }),
});

/** What a node's ports are, by the book: whose each is, and which nobody may have. */
class Book {
  readonly holders = new Map<number, string>();
  readonly quarantined = new Set<number>();
  /** Run out: its holder may go on with it, and anybody may take it. */
  readonly runOut = new Set<number>();

  isFree(port: number): boolean {
    return !this.quarantined.has(port) && (!this.holders.has(port) || this.runOut.has(port));
  }

  take(port: number, holder: string): void {
    this.holders.set(port, holder);
    this.runOut.delete(port);
  }
}

async function apply(book: Book, leases: PortLeases, { kind, holder, port }: Step): Promise<void> {
  const isHolder = book.holders.get(port) === holder;
  if (kind === 'claim') {
    const ports = Array.from({ length: PORTS }, (_, i) => FIRST + i);
    const mayHave = ports.filter(each => book.isFree(each) || (each === port && isHolder));
    const got = await leases.claim({ holder, preferred: port }).catch(error => {
      expect(error).toMatchObject({ code: 'ports_exhausted' } satisfies Partial<AppError>);
      return undefined;
    });
    if (mayHave.length === 0) expect(got).toBeUndefined();
    else expect(mayHave).toContain(got);
    if (mayHave.includes(port)) expect(got).toBe(port);
    if (got !== undefined) book.take(got, holder);
  } else if (kind === 'renew') {
    const mayHave = isHolder || (book.isFree(port) && !book.holders.has(port)) || book.runOut.has(port);
    // A port that is free, or in quarantine, without a holder: whoever says that it has it bound is believed.
    const unheld = !book.holders.has(port);
    expect(await leases.renew(port, holder)).toBe(mayHave || unheld);
    if (mayHave || unheld) {
      book.quarantined.delete(port);
      book.take(port, holder);
    }
  } else if (kind === 'expire') {
    if (book.holders.has(port)) book.runOut.add(port);
    book.quarantined.delete(port);
    await redis.zadd(keys.ports('n1'), 'XX', Date.now() - 1_000, String(port));
  } else {
    expect(await leases[kind](port, holder)).toBe(isHolder);
    if (!isHolder) return;
    book.holders.delete(port);
    book.runOut.delete(port);
    if (kind === 'quarantine') book.quarantined.add(port);
  }
}

test('whatever is claimed, renewed, released, quarantined and runs out: no port is given to a second holder', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      await redis.flushall();
      const book = new Book();
      const leases = new PortLeases(redis, 'n1', range);
      for (const each of steps) await apply(book, leases, each);
      const { range: _range, ...held } = await redis.hgetall(keys.portHolders('n1'));
      expect(held).toEqual(Object.fromEntries([...book.holders].map(([port, holder]) => [String(port), holder])));
    }),
    { numRuns: 100 },
  );
});

test('many workers at the same time: each port has one holder at most, and none is lost', async () => {
  await redis.flushall();
  const wide = { first: 30_000, last: 30_049 };
  const connections = Array.from({ length: 4 }, () => new Redis(server.url));
  const held = new Map<number, string>();
  let most = 0;
  let refused = 0;
  try {
    await Promise.all(
      Array.from({ length: 80 }, async (_, stream) => {
        const leases = new PortLeases(connections[stream % connections.length] ?? redis, 'n2', wide);
        for (let round = 0; round < 10; round += 1) {
          const holder = `stream-${stream}.${round}`;
          const port = await leases.claim({ holder }).catch(() => undefined);
          if (port === undefined) refused += 1;
          else {
            expect(held.get(port)).toBeUndefined();
            held.set(port, holder);
            most = Math.max(most, held.size);
            expect(await leases.renew(port, holder)).toBe(true);
            // Before the call: from then on it may be somebody else's.
            held.delete(port);
            expect(await leases.release(port, holder)).toBe(true);
          }
        }
      }),
    );
    // More streams than ports: the range was full at times, and never overfull.
    expect(most).toBe(50);
    expect(refused).toBeGreaterThan(0);
    const after = new PortLeases(redis, 'n2', wide);
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => after.claim({ holder: `last-${i}` })));
    expect(new Set(all).size).toBe(50);
  } finally {
    for (const connection of connections) connection.disconnect();
  }
});
