import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { LeaseScripts } from './leaseScripts.ts';
import { StreamLease } from './streamLease.ts';

const never = new AbortController().signal;
const times = { ttlMs: 600, renewMs: 100, marginMs: 200 };

let server: TestRedis;
let redis: Redis;
let streams: StreamStore;
let scripts: LeaseScripts;
const open: StreamLease[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { commandTimeout: 300, maxRetriesPerRequest: 0 });
  redis.on('error', () => undefined);
  streams = new StreamStore(redis);
  scripts = new LeaseScripts(redis);
});
beforeEach(async () => {
  await redis.flushall();
});
afterEach(() => {
  for (const lease of open.splice(0)) lease.abandon();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** Waits until the connection has given up so many answers. */
async function lateAnswers(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await expect(redis.ping()).rejects.toThrow(/timed out/);
  await expect(redis.ping()).rejects.toThrow(/timed out/);
}

const events = () => ({
  onStopWanted: vi.fn(),
  onFenced: vi.fn(),
  onDoubt: vi.fn(),
  onCertain: vi.fn(),
  onAccessChanged: vi.fn(),
});

async function take(streamId: string, run: string, owner = 'worker-1', renewMs = times.renewMs) {
  const acquiredAt = performance.now();
  const acquired = await scripts.acquire(streamId, run, owner, times.ttlMs);
  if (acquired.kind !== 'taken') throw new Error(`not taken: ${acquired.kind}`);
  const { token, record } = acquired;
  const lease = new StreamLease({
    streamId,
    token,
    record,
    scripts,
    times: { ...times, renewMs },
    log: silentLogger(),
  });
  const told = events();
  lease.start(told, acquiredAt);
  open.push(lease);
  return { lease, told };
}

const WAIT = { timeout: 10_000 };
const accessOf = (lease: StreamLease) =>
  ['keyGeneration', 'keyFloor', 'passphrase'].map(field => lease.recorded(field));

async function startRun(streamId = 'show') {
  return streams.start(streamId, { profile: 'transcode', webhookUrls: [] });
}

describe('acquiring', () => {
  test('a second worker gets the time that the lease is still held, and gets it with a greater token when it has run out', async () => {
    const run = await startRun();
    const first = await scripts.acquire('show', run, 'worker-1', 200);
    expect(first.kind).toBe('taken');
    const held = await scripts.acquire('show', run, 'worker-2', 200);
    expect(held).toMatchObject({ kind: 'held' });
    const second = await vi.waitFor(async () => {
      const again = await scripts.acquire('show', run, 'worker-2', 200);
      if (again.kind !== 'taken') throw new Error('still held');
      return again;
    });
    expect(Number(second.token)).toBeGreaterThan(first.kind === 'taken' ? Number(first.token) : Number.NaN);
  });

  test('asked twice by the same claim, it gives the same token', async () => {
    const run = await startRun();
    await scripts.acquire('show', run, 'dead/claim', 1);
    await redis.hset(keys.stream('show'), 'leaseUntil', 1);
    const first = await scripts.acquire('show', run, 'worker-1/claim', 5_000);
    const again = await scripts.acquire('show', run, 'worker-1/claim', 5_000);
    if (first.kind !== 'taken' || again.kind !== 'taken') throw new Error('not taken');
    expect(again).toMatchObject({ token: first.token, lostAfterMs: first.lostAfterMs });
    expect((await scripts.acquire('show', run, 'worker-1/other', 5_000)).kind).toBe('held');
  });

  test('a run that is over, or not the present one, cannot be taken', async () => {
    const run = await startRun();
    expect(await scripts.acquire('show', 'another-run', 'worker-1', 200)).toEqual({ kind: 'over' });
    await streams.stop('show');
    expect(await scripts.acquire('show', run, 'worker-1', 200)).toEqual({ kind: 'over' });
  });

  test('the token grows even when Redis has lost the old one', async () => {
    const first = await scripts.acquire('show', await startRun(), 'worker-1', 200);
    await redis.flushall();
    // Losing data takes longer than a millisecond, the token's unit.
    const [, lostAt] = await redis.time();
    await vi.waitUntil(async () => Math.abs(Number((await redis.time())[1]) - Number(lostAt)) > 2_000, { interval: 1 });
    const second = await scripts.acquire('show', await startRun(), 'worker-1', 200);
    if (first.kind !== 'taken' || second.kind !== 'taken') throw new Error('not taken');
    expect(Number(second.token)).toBeGreaterThan(Number(first.token));
  });
});

describe('holding', () => {
  test('it is renewed for as long as it is held, and free at once when released', async () => {
    const run = await startRun();
    const { lease, told } = await take('show', run);
    const before = Number(await redis.hget(keys.stream('show'), 'leaseUntil'));
    await vi.waitFor(async () => {
      expect(Number(await redis.hget(keys.stream('show'), 'leaseUntil'))).toBeGreaterThan(before + times.ttlMs);
    });
    await lease.end({ signal: never });
    expect((await scripts.acquire('show', run, 'worker-2', 200)).kind).toBe('taken');
    expect(told.onFenced).not.toHaveBeenCalled();
  });

  test('a requested stop reaches the owner with a wake-up, and also without one', async () => {
    const first = await take('a', await startRun('a'), 'worker-1', 1_000_000);
    await streams.stop('a');
    first.lease.wake();
    await vi.waitFor(() => expect(first.told.onStopWanted).toHaveBeenCalledWith('user_stop'));
    const second = await take('b', await startRun('b'));
    await streams.stop('b');
    await vi.waitFor(() => expect(second.told.onStopWanted).toHaveBeenCalledWith('user_stop'));
  });

  test('a stream that was on the air for its longest duration is to stop, by the clock of Redis', async () => {
    const run = await streams.start('show', { profile: 'transcode', webhookUrls: [], maxDurationSeconds: 60 });
    const { lease, told } = await take('show', run, 'worker-1', 1_000_000);
    await lease.write({ state: 'READY', event: 'x' });
    await lease.write({ state: 'STREAMING', event: 'x' });
    const since = Number((await streams.get('show'))?.streamingAt);
    await lease.write({ state: 'READY', event: 'x' });
    await lease.write({ state: 'STREAMING', event: 'x' });
    expect((await streams.get('show'))?.streamingAt).toBe(since);
    lease.wake();
    await vi.waitFor(() => expect(lease.recorded('streamingAt')).toBe(String(since)), WAIT);
    expect(told.onStopWanted).not.toHaveBeenCalled();
    await redis.hset(keys.stream('show'), 'streamingAt', since - 60_000);
    lease.wake();
    await vi.waitFor(() => expect(told.onStopWanted).toHaveBeenCalledWith('max_duration'), WAIT);
    expect(await streams.get('show')).toMatchObject({ desired: 'stop' });
  });

  test('a rotated key reaches the owner with a wake-up, and also without one', async () => {
    const first = await take('a', await startRun('a'), 'worker-1', 1_000_000);
    await streams.rotateKey('a', { revoke: true, passphrase: 'ten bytes or more' });
    first.lease.wake();
    await vi.waitFor(() => expect(first.told.onAccessChanged).toHaveBeenCalledOnce(), WAIT);
    expect(accessOf(first.lease)).toEqual(['1', '1', 'ten bytes or more']);
    await streams.rotateKey('a', { passphrase: null });
    first.lease.wake();
    await vi.waitFor(() => expect(accessOf(first.lease)).toEqual(['2', '1', undefined]), WAIT);
    const second = await take('b', await startRun('b'));
    await streams.rotateKey('b');
    await vi.waitFor(() => expect(second.told.onAccessChanged).toHaveBeenCalledOnce(), WAIT);
    expect(accessOf(second.lease)).toEqual(['1', undefined, undefined]);
  });

  test('a wake-up during a renewal that has read the record before is not lost', async () => {
    const { lease, told } = await take('a', await startRun('a'), 'worker-1', 1_000_000);
    for (let rotation = 1; rotation <= 20; rotation += 1) {
      lease.wake();
      await streams.rotateKey('a');
      lease.wake();
      await vi.waitFor(() => expect(accessOf(lease)[0]).toBe(String(rotation)), WAIT);
    }
    expect(told.onFenced).not.toHaveBeenCalled();
  });

  test('a revoked key stays revoked when Redis comes back with an older record', async () => {
    const { lease, told } = await take('a', await startRun('a'));
    await streams.rotateKey('a', { revoke: true });
    await vi.waitFor(() => expect(told.onAccessChanged).toHaveBeenCalledOnce(), WAIT);
    await redis.hdel(keys.stream('a'), 'keyGeneration', 'keyFloor');
    await vi.waitFor(async () => expect(await streams.get('a')).toMatchObject({ keyGeneration: 1, keyFloor: 1 }), WAIT);
    expect(accessOf(lease)).toEqual(['1', '1', undefined]);
  });

  test('a stop that lands between the claim and the start is not lost', async () => {
    const run = await startRun();
    const acquired = await scripts.acquire('show', run, 'worker-1', times.ttlMs);
    await streams.stop('show');
    const { told } = await take('show', run);
    expect(acquired.kind).toBe('taken');
    expect(told.onStopWanted).toHaveBeenCalledExactlyOnceWith('user_stop');
  });
});

describe('a new run', () => {
  test('keeps the token, and nothing that the run before still has under way touches it', async () => {
    const first = await startRun();
    const { lease } = await take('show', first);
    await lease.write({ state: 'STOPPED', event: 'over' });
    await startRun();
    const before = await redis.hgetall(keys.stream('show'));
    const old = { streamId: 'show', run: first, token: lease.token };
    expect(before.token).toBe(lease.token);
    expect(await scripts.update(old, { state: 'STOPPED', event: 'late' }, 7)).toEqual({ kind: 'fenced' });
    expect(await scripts.renew(old, times.ttlMs)).toEqual({ kind: 'fenced' });
    await scripts.release(old, 'failing');
    await scripts.release(old, 'handed_over');
    expect(await scripts.forfeit('show', first, 'worker-1')).toBe(false);
    expect(await scripts.restore('show', { ...before, run: first })).toBe(false);
    expect(await redis.hgetall(keys.stream('show'))).toEqual(before);
  });
});

describe('losing', () => {
  test('a fenced owner is notified, and its write changes nothing', async () => {
    const run = await startRun();
    const { lease, told } = await take('show', run);
    await redis.hset(keys.stream('show'), 'token', '99999999999999', 'owner', 'worker-2');
    expect(await lease.write({ state: 'READY', event: 'late' })).toBe(false);
    expect(told.onFenced).toHaveBeenCalledOnce();
    expect((await streams.get('show'))?.state).toBe('INITIALISED');
  });

  test('the lease of a dead process is free at once, and what it still had on its way does not renew it', async () => {
    const run = await startRun();
    const { lease } = await take('show', run, 'mark/claim');
    expect(await scripts.forfeit('show', run, 'mar')).toBe(false);
    expect(await scripts.forfeit('show', run, 'mark')).toBe(true);
    expect(await scripts.renew({ streamId: 'show', run, token: lease.token }, times.ttlMs)).toEqual({ kind: 'fenced' });
    expect(await scripts.forfeit('show', run, 'mark')).toBe(true);
    expect((await scripts.acquire('show', run, 'worker-2', 200, 4_000)).kind).toBe('taken');
  });

  test.each([1, 30_000])(
    'after Redis was away a lease that ran out %i ms ago is left to its owner for a while',
    async ago => {
      const run = await startRun();
      await scripts.acquire('show', run, 'worker-1', 200);
      await redis.hset(keys.stream('show'), 'leaseUntil', Date.now() - ago);
      expect(await scripts.acquire('show', run, 'worker-2', 200, 4_000)).toEqual({ kind: 'held', msLeft: 4_000 });
      expect((await scripts.acquire('show', run, 'worker-2', 200)).kind).toBe('taken');
    },
  );

  test('an owner that gives its lease back as failing is not waited for, and counts as lost', async () => {
    const run = await startRun();
    const { lease } = await take('show', run);
    await lease.end({ how: 'failing', signal: never });
    const next = await scripts.acquire('show', run, 'worker-2', 200, 4_000);
    expect(next).toMatchObject({ kind: 'taken', lostAfterMs: expect.any(Number) });
  });

  test('a transition that the table forbids is refused', async () => {
    const { lease } = await take('show', await startRun());
    expect(await lease.write({ state: 'STREAMING' })).toBe(false);
    expect(await lease.write({ state: 'READY' })).toBe(true);
    expect(await lease.write({ state: 'STREAMING' })).toBe(true);
  });

  test('Redis frozen: in doubt before the lease runs out, certain again after, and the writes of the meantime are made', async () => {
    const { lease, told } = await take('show', await startRun());
    process.kill(server.pid, 'SIGSTOP');
    const written = lease.write({ state: 'READY', event: 'while away' });
    await vi.waitFor(() => expect(told.onDoubt).toHaveBeenCalledOnce());
    process.kill(server.pid, 'SIGCONT');
    await vi.waitFor(() => expect(told.onCertain).toHaveBeenCalledOnce());
    expect(await written).toBe(true);
    expect((await streams.get('show'))?.state).toBe('READY');
    expect(told.onFenced).not.toHaveBeenCalled();
  });

  test('a lease that has run out is in doubt at the next write, before any timer says so', async () => {
    const { lease, told } = await take('show', await startRun());
    expect(lease.isCertain()).toBe(true);
    // As after SIGCONT: the time has passed, and no timer has run.
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + times.ttlMs);
    try {
      expect(lease.isCertain()).toBe(false);
      expect(told.onDoubt).toHaveBeenCalledOnce();
    } finally {
      vi.restoreAllMocks();
    }
    await vi.waitFor(() => expect(told.onCertain).toHaveBeenCalledOnce(), { timeout: 10_000 });
    expect(lease.isCertain()).toBe(true);
  });

  test('Redis frozen to the end: what was not written in time is left to the next owner', async () => {
    const { lease } = await take('show', await startRun());
    process.kill(server.pid, 'SIGSTOP');
    try {
      const ended = lease.end({ last: { state: 'STOPPED', event: 'over' }, signal: AbortSignal.timeout(400) });
      expect(await ended).toBe(false);
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
  });

  test('Redis frozen while it has a write, and the answer is late: the event is written once', async () => {
    const { lease } = await take('show', await startRun());
    const events = async () => (await redis.xrange(keys.outbox, '-', '+')).length;
    const before = await events();
    process.kill(server.pid, 'SIGSTOP');
    const written = lease.write({ state: 'READY', event: 'once' });
    // Its answer does not come in time (300 ms), and it is sent again; Redis has both in its buffers.
    await lateAnswers(2);
    process.kill(server.pid, 'SIGCONT');
    expect(await written).toBe(true);
    expect(await lease.write({ state: 'STREAMING', event: 'twice' })).toBe(true);
    expect((await events()) - before).toBe(2);
  });

  test('Redis lost its data: the owner writes the record again and goes on', async () => {
    const run = await startRun();
    const { lease, told } = await take('show', run);
    await lease.write({ state: 'READY', fields: { port: 20_007 }, event: 'listening' });
    await redis.flushall();
    const record = await vi.waitFor(async () => {
      const found = await streams.get('show');
      if (!found) throw new Error('not yet');
      return found;
    });
    expect(record).toMatchObject({ state: 'READY', run, port: 20_007, token: lease.token });
    expect((await streams.live()).map(s => s.streamId)).toEqual(['show']);
    expect(await lease.write({ state: 'STREAMING', event: 'an encoder' })).toBe(true);
    // The event ids of before are not given again.
    expect((await streams.get('show'))?.seq).toBe(3);
    expect(told.onFenced).not.toHaveBeenCalled();
  });

  test('Redis lost its data and the id was started anew: the old owner is fenced', async () => {
    const { told } = await take('show', await startRun());
    await redis.flushall();
    const run = await startRun();
    await vi.waitFor(() => expect(told.onFenced).toHaveBeenCalledOnce());
    expect((await streams.get('show'))?.run).toBe(run);
  });
});
