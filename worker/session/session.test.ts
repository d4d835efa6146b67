import { Readable } from 'node:stream';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { AppError } from '../../common/errors.ts';
import { keys } from '../../common/redis/keys.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { LeaseScripts } from '../claim/leaseScripts.ts';
import { leaseTimes, StreamLease } from '../claim/streamLease.ts';
import type { TranscodeEnd } from '../transcode/transcode.ts';
import { Session } from './session.ts';
import type { HlsOutputEvents, SessionEncoder, SessionPhases } from './sessionContract.ts';

let server: TestRedis;
let redis: Redis;
let streams: StreamStore;
let scripts: LeaseScripts;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  streams = new StreamStore(redis);
  scripts = new LeaseScripts(redis);
});
beforeEach(() => redis.flushall());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** Phases that do nothing but keep the books: what is open, in which order it was closed. */
function bookkeeping(override: Partial<SessionPhases> = {}) {
  const open = new Set<string>();
  const closed: string[] = [];
  const close = (name: string): void => {
    open.delete(name);
    closed.push(name);
  };
  const hooks: { onEncoder?: (encoder: SessionEncoder) => void; events?: HlsOutputEvents; transcodes: TranscodeEnd[] } =
    {
      transcodes: [],
    };
  const phases: SessionPhases = {
    openOutput: async events => {
      hooks.events = events;
      open.add('output');
      return {
        openEpoch: () => Promise.reject(new Error('not used')),
        suspend: () => closed.push('suspended'),
        resume: () => closed.push('resumed'),
        finish: async ({ endList }) => {
          close(endList ? 'output with ENDLIST' : 'output without ENDLIST');
          open.delete('output');
          return { unstored: 0 };
        },
        abandon: async () => {
          close('output abandoned');
          open.delete('output');
        },
      };
    },
    openIngest: async onEncoder => {
      hooks.onEncoder = onEncoder;
      open.add('ingest');
      return { port: 20_000, srtUrl: 'srt://host:20000?streamid=x', close: async () => close('ingest') };
    },
    transcode: async () => hooks.transcodes.shift() ?? { cause: 'media_ended', sawPicture: true },
    ...override,
  };
  return { phases, open, closed, hooks };
}

const encoder = (): SessionEncoder => ({ peer: '127.0.0.1:5000', media: Readable.from([]), close: vi.fn() });

/** Where the budget stands after the next restart, and for how long the owner before was there. */
interface Troubles {
  left?: number;
  lostAfterMs?: number;
}

async function start(
  phases: SessionPhases,
  times = { connectMs: 5_000, reconnectMs: 5_000 },
  { left = 5, lostAfterMs }: Troubles = {},
) {
  const spent: string[] = [];
  const budget = { rule: 'more than 5 restarts', spend: async (cause: string) => left - spent.push(cause) };
  const run = await streams.start('show', { abr: false, webhookUrls: [] });
  const acquiredAt = performance.now();
  const acquired = await scripts.acquire('show', run, 'me', leaseTimes.ttlMs);
  if (acquired.kind !== 'taken') throw new Error('not taken');
  const log = silentLogger();
  const { token, record } = acquired;
  const lease = new StreamLease({ streamId: 'show', token, record, scripts, times: leaseTimes, log });
  const job = { streamId: 'show', run };
  return new Session({ job, lease, acquiredAt, phases, times, budget, lostAfterMs, node: 'here', log });
}

const events = async (): Promise<string[]> => {
  const entries = await redis.xrange(keys.outbox, '-', '+');
  return entries.map(([, f]) => `${f[f.indexOf('state') + 1]} ${f[f.indexOf('reason') + 1]}`);
};

describe('a start that fails leaves nothing', () => {
  test.each<[string, Partial<SessionPhases>, string, string[]]>([
    ['output', { openOutput: () => Promise.reject(new AppError('storage_error', 'denied')) }, 'storage_error', []],
    [
      'port',
      { openIngest: () => Promise.reject(new AppError('ports_exhausted', 'none')) },
      'ports_exhausted',
      ['output with ENDLIST'],
    ],
    ['a bug', { openIngest: () => Promise.reject(new Error('oops')) }, 'internal_error', ['output with ENDLIST']],
  ])('%s', async (_step, override, reason, closed) => {
    const books = bookkeeping(override);
    expect(await (await start(books.phases)).finished).toBe('stopped');
    expect(books.open).toEqual(new Set());
    expect(books.closed).toEqual(closed);
    const record = await streams.get('show');
    expect(record).toMatchObject({ state: 'STOPPED', reason });
    expect(record?.leaseUntil).toBeUndefined();
    expect(await events()).toEqual(['INITIALISED created', `STOPPED ${reason}`]);
    expect(await redis.ttl(keys.stream('show'))).toBeGreaterThan(0);
  });
});

describe('the life of a stream', () => {
  test('no encoder in time: connect_timeout', async () => {
    const books = bookkeeping();
    expect(await (await start(books.phases, { connectMs: 50, reconnectMs: 50 })).finished).toBe('stopped');
    expect(await events()).toEqual(['INITIALISED created', 'READY listening', 'STOPPED connect_timeout']);
    expect(books.closed).toEqual(['ingest', 'output with ENDLIST']);
  });

  test('an encoder that never sends a picture earns no reconnect window', async () => {
    const books = bookkeeping();
    books.hooks.transcodes.push({ cause: 'input_invalid', sawPicture: false });
    const session = await start(books.phases, { connectMs: 300, reconnectMs: 60_000 });
    await vi.waitFor(() => expect(books.hooks.onEncoder).toBeDefined());
    books.hooks.onEncoder?.(encoder());
    expect(await session.finished).toBe('stopped');
    expect((await events()).slice(2)).toEqual([
      'STREAMING encoder_connected',
      'READY input_invalid',
      'STOPPED connect_timeout',
    ]);
  });

  test('the encoder goes and does not come back: reconnect_timeout', async () => {
    const books = bookkeeping();
    const session = await start(books.phases, { connectMs: 60_000, reconnectMs: 100 });
    await vi.waitFor(() => expect(books.hooks.onEncoder).toBeDefined());
    books.hooks.onEncoder?.(encoder());
    expect(await session.finished).toBe('stopped');
    expect((await events()).at(-1)).toBe('STOPPED reconnect_timeout');
  });

  test('a stop that comes while the encoder streams ends it at once, first cause wins', async () => {
    const books = bookkeeping({
      transcode: async (_encoder, _sink, signal) => {
        await new Promise(resolve => signal.addEventListener('abort', resolve));
        books.hooks.events?.onFault(new AppError('storage_error', 'a consequence, not the cause'));
        return { cause: 'aborted', sawPicture: true };
      },
    });
    const session = await start(books.phases);
    await vi.waitFor(() => expect(books.hooks.onEncoder).toBeDefined());
    books.hooks.onEncoder?.(encoder());
    await vi.waitFor(async () => expect((await streams.get('show'))?.state).toBe('STREAMING'));
    await streams.stop('show');
    session.wake();
    await session.finished;
    expect((await events()).at(-1)).toBe('STOPPED user_stop');
  });

  test('handed over: no ENDLIST, no STOPPED, the lease is free', async () => {
    const books = bookkeeping();
    const session = await start(books.phases);
    await vi.waitFor(async () => expect((await streams.get('show'))?.state).toBe('READY'));
    session.handOver();
    expect(await session.finished).toBe('handed_over');
    expect(books.closed).toEqual(['ingest', 'output without ENDLIST']);
    const record = await streams.get('show');
    expect(record?.state).toBe('READY');
    expect(record?.leaseUntil).toBeUndefined();
  });

  test.each<[string, number, number, string[], string[]]>([
    ['a restart is left', 0, 5_000, ['INITIALISED created', 'READY listening'], []],
    ['none is left', -1, 5_000, ['INITIALISED created', 'STOPPED transcode_error'], ['ingest', 'output with ENDLIST']],
    ['even the end kills its owners', -4, 5_000, ['INITIALISED created', 'STOPPED transcode_error'], []],
    ['it had run well before', -4, 61_000, ['INITIALISED created', 'READY listening'], []],
  ])('the owner before was lost: %s', async (_name, left, lostAfterMs, told, closed) => {
    const books = bookkeeping();
    const session = await start(books.phases, undefined, { left: left + 1, lostAfterMs });
    await vi.waitFor(async () => expect(await events()).toEqual(told));
    expect(books.closed).toEqual(closed);
    session.handOver();
    await session.finished;
  });

  test('FFmpeg failed for good: told with the rule that it broke', async () => {
    const books = bookkeeping({
      transcode: async (_encoder, _sink, _signal, mayRestart) => {
        while (await mayRestart(new Error('it crashed')));
        return { cause: 'failed', sawPicture: true, error: new AppError('transcode_error', 'FFmpeg failed') };
      },
    });
    const session = await start(books.phases);
    await vi.waitFor(() => expect(books.hooks.onEncoder).toBeDefined());
    books.hooks.onEncoder?.(encoder());
    expect(await session.finished).toBe('stopped');
    expect(await streams.get('show')).toMatchObject({
      reason: 'transcode_error',
      update: 'FFmpeg failed (more than 5 restarts)',
    });
  });

  test('handed over by a worker that fails: the next owner knows that it was lost', async () => {
    const session = await start(bookkeeping().phases);
    await vi.waitFor(async () => expect((await streams.get('show'))?.state).toBe('READY'));
    session.handOver(true);
    await session.finished;
    const { run = '' } = (await streams.get('show')) ?? {};
    expect(await scripts.acquire('show', run, 'next', leaseTimes.ttlMs)).toMatchObject({ lostAfterMs: 0 });
  });

  test('a newer owner has written the playlist before this one began: nothing is told', async () => {
    const books = bookkeeping({ openOutput: () => Promise.reject(new AppError('fenced', 'a newer owner')) });
    expect(await (await start(books.phases)).finished).toBe('fenced');
    expect(await events()).toEqual(['INITIALISED created']);
  });

  test('fenced by the store: nothing more is written', async () => {
    const books = bookkeeping();
    const session = await start(books.phases);
    await vi.waitFor(async () => expect((await streams.get('show'))?.state).toBe('READY'));
    books.hooks.events?.onFenced();
    expect(await session.finished).toBe('fenced');
    expect(books.closed).toEqual(['ingest', 'output abandoned']);
    expect((await streams.get('show'))?.state).toBe('READY');
  });
});
