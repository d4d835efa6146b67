import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { AppError } from '../../common/errors.ts';
import { keys } from '../../common/redis/keys.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { LeaseScripts } from '../claim/leaseScripts.ts';
import { leaseTimes, StreamLease } from '../claim/streamLease.ts';
import type { HlsOutputEvents } from '../publish/hlsOutputContract.ts';
import type { TranscodeEnd } from '../transcode/transcode.ts';
import { Session } from './session.ts';
import type { SessionEncoder, SessionIngestEvents, SessionPhases } from './sessionContract.ts';

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

/** Takes a turn, and rejects once the signal has aborted, as the real parts do. */
async function opening(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}

const address = { srtUrl: 'srt://host:20000?streamid=x', urlGeneration: 0 };
const place = { routed: '', ingest: '1/20000/host' };
const openPort = { port: 20_000, place, ...address, rekey: () => ({ ...address, disconnected: 0 }) };

/** Phases that do nothing but keep the books: what is open, in which order it was closed. */
function bookkeeping(override: Partial<SessionPhases> = {}) {
  const open = new Set<string>();
  const closed: string[] = [];
  const close = (name: string): void => {
    open.delete(name);
    closed.push(name);
  };
  const held = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  let holds = false;
  const hooks: Partial<SessionIngestEvents> & { events?: HlsOutputEvents; transcodes: TranscodeEnd[] } = {
    transcodes: [],
  };
  const phases: SessionPhases = {
    openOutput: async (events, signal) => {
      await opening(signal);
      reached.resolve();
      if (holds) {
        signal.addEventListener('abort', () => held.reject(signal.reason), { once: true });
        await held.promise;
      }
      hooks.events = events;
      open.add('output');
      return {
        made: [],
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
    openIngest: async ({ onEncoder, onRefused }, signal) => {
      await opening(signal);
      hooks.onEncoder = onEncoder;
      hooks.onRefused = onRefused;
      open.add('ingest');
      return { ...openPort, close: async () => close('ingest') };
    },
    givePortBack: async () => void closed.push('port given back'),
    transcode: async () => hooks.transcodes.shift() ?? { cause: 'media_ended', sawPicture: true },
    ...override,
  };
  const holdOpening = (): void => {
    holds = true;
  };
  return { phases, open, closed, hooks, holdOpening, isOpening: reached.promise, failOpening: held.reject };
}

type Books = ReturnType<typeof bookkeeping>;
const WAIT = { timeout: 10_000 };

const encoder = (): SessionEncoder => ({ peer: '127.0.0.1:5000', media: Readable.from([]), close: vi.fn() });

/** Where the budget stands after the next restart, and for how long the owner before was there. */
interface Troubles {
  left?: number;
  lostAfterMs?: number;
  /** An app has stopped the stream before this worker began. */
  stopBefore?: boolean;
}

async function start(
  phases: SessionPhases,
  times = { connectMs: 5_000, reconnectMs: 5_000 },
  { left = 5, lostAfterMs, stopBefore = false }: Troubles = {},
) {
  const spent: string[] = [];
  const budget = { rule: 'more than 5 restarts', spend: async (cause: string) => left - spent.push(cause) };
  const run = await streams.start('show', { profile: 'transcode', webhookUrls: [] });
  // An owner that was lost: without one a stop needs no worker.
  await scripts.acquire('show', run, 'before/dead', 1);
  if (stopBefore) await streams.stop('show');
  await redis.hset(keys.stream('show'), 'leaseUntil', 1);
  const acquiredAt = performance.now();
  const acquired = await scripts.acquire('show', run, 'me', leaseTimes.ttlMs);
  if (acquired.kind !== 'taken') throw new Error('not taken');
  const log = silentLogger();
  const { token, record } = acquired;
  const lease = new StreamLease({ streamId: 'show', token, record, scripts, times: leaseTimes, log });
  const job = { streamId: 'show', run };
  return new Session({
    job,
    lease,
    acquiredAt,
    phases,
    times,
    budget,
    lostAfterMs,
    place: { node: 'here', worker: 'here-1' },
    log,
  });
}

const events = async (): Promise<string[]> => {
  const entries = await redis.xrange(keys.outbox, '-', '+');
  return entries.map(([, f]) => `${f[f.indexOf('state') + 1]} ${f[f.indexOf('reason') + 1]}`);
};

describe('a start that fails leaves nothing', () => {
  test.each<[string, Partial<SessionPhases>, string, string[]]>([
    [
      'output',
      { openOutput: () => Promise.reject(new AppError('storage_error', 'denied')) },
      'storage_error',
      ['port given back'],
    ],
    [
      'port',
      { openIngest: () => Promise.reject(new AppError('ports_exhausted', 'none')) },
      'ports_exhausted',
      ['port given back', 'output with ENDLIST'],
    ],
    [
      'a bug',
      { openIngest: () => Promise.reject(new Error('oops')) },
      'internal_error',
      ['port given back', 'output with ENDLIST'],
    ],
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
  test('how it was with the owner before is forgotten', async () => {
    const books = bookkeeping({
      openOutput: async (events, signal) => {
        await redis.hset(keys.stream('show'), 'health', JSON.stringify({ since: 1, problems: [] }));
        return bookkeeping().phases.openOutput(events, signal);
      },
    });
    const session = await start(books.phases);
    await vi.waitFor(async () => expect(await streams.get('show')).toMatchObject({ state: 'READY' }), WAIT);
    expect((await streams.get('show'))?.health).toBeUndefined();
    session.handOver();
    await session.finished;
  });

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

  test('a refused encoder is in the record and is an event, and the state keeps its reason', async () => {
    const books = bookkeeping();
    const session = await start(books.phases, { connectMs: 60_000, reconnectMs: 60_000 });
    await vi.waitFor(() => expect(books.hooks.onRefused).toBeDefined());
    const refusal = { code: 1410, peer: '10.0.0.9:5000' };
    books.hooks.onRefused?.({ ...refusal, why: 'the key is of another run', codes: {}, refused: 2 });
    await vi.waitFor(async () =>
      expect(await streams.get('show')).toMatchObject({
        ...{ state: 'READY', reason: 'listening', update: 'Waiting for the encoder' },
        lastRefusal: { ...refusal, message: 'the key is of another run', count: 2 },
      }),
    );
    expect((await events()).at(-1)).toBe('READY encoder_refused');
    session.handOver();
    await session.finished;
  });

  test('the record shows the encoder and its source while it is there, and what failed last for good', async () => {
    const source = { video: { codec: 'h264', width: 640, height: 360 }, audio: null, renditions: [] };
    const gone = Promise.withResolvers<void>();
    const books = bookkeeping({
      transcode: async (_encoder, _sink, { onSource, mayRestart }) => {
        onSource(source);
        onSource(source);
        expect(await mayRestart(new AppError('transcode_error', 'FFmpeg failed: SIGSEGV'))).toBe(true);
        await gone.promise;
        return { cause: 'input_invalid', sawPicture: true, error: new AppError('input_invalid', 'no video') };
      },
    });
    const session = await start(books.phases);
    await vi.waitFor(() => expect(books.hooks.onEncoder).toBeDefined());
    books.hooks.onEncoder?.(encoder());
    await vi.waitFor(
      async () =>
        expect(await streams.get('show')).toMatchObject({
          ...{ state: 'STREAMING', peer: '127.0.0.1:5000', source },
          lastError: { code: 'transcode_error', message: 'FFmpeg failed: SIGSEGV' },
        }),
      WAIT,
    );
    gone.resolve();
    await vi.waitFor(async () => expect((await streams.get('show'))?.state).toBe('READY'), WAIT);
    const after = await streams.get('show');
    expect(after?.source).toBeUndefined();
    expect(after?.lastError).toMatchObject({ code: 'input_invalid', message: 'no video' });
    session.handOver();
    await session.finished;
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
      transcode: async (_encoder, _sink, { signal }) => {
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

  test('a stop that was wanted before this worker took the stream is carried out in full', async () => {
    const books = bookkeeping();
    const session = await start(books.phases, undefined, { stopBefore: true });
    expect(await session.finished).toBe('stopped');
    expect(books.closed).toEqual(['port given back', 'output with ENDLIST']);
    expect(await events()).toEqual(['INITIALISED created', 'STOPPED user_stop']);
  });

  test.each<[string, (session: Session, books: Books) => void, string]>([
    ['a hand-over', session => session.handOver(), 'handed_over'],
    ['a newer owner', (_session, books) => books.failOpening(new AppError('fenced', 'a newer owner')), 'fenced'],
  ])('%s while the output opens for a stop: the stop is the next owner’s', async (_name, happen, ending) => {
    const books = bookkeeping();
    books.holdOpening();
    const session = await start(books.phases, undefined, { stopBefore: true });
    await books.isOpening;
    happen(session, books);
    expect(await session.finished).toBe(ending);
    expect(books.closed).toEqual([]);
    expect(await streams.get('show')).toMatchObject({ state: 'INITIALISED', desired: 'stop' });
  });

  test('playable again when the next segment after a reconnect is listed', async () => {
    const books = bookkeeping();
    const connections = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let connected = -1;
    books.phases.transcode = async () => {
      connected += 1;
      await connections[connected]?.promise;
      return { cause: 'media_ended', sawPicture: true };
    };
    const session = await start(books.phases);
    await vi.waitFor(() => expect(books.hooks.onEncoder).toBeDefined(), WAIT);
    books.hooks.onEncoder?.(encoder());
    await vi.waitFor(() => expect(connected).toBe(0), WAIT);
    books.hooks.events?.onListed?.(0, 'show_1.ts');
    books.hooks.events?.onPlayable('https://cdn/show.m3u8');
    books.hooks.events?.onListed?.(0, 'show_1.ts');
    connections[0]?.resolve();
    books.hooks.onEncoder?.(encoder());
    await vi.waitFor(() => expect(connected).toBe(1), WAIT);
    // Closed before this encoder came.
    books.hooks.events?.onListed?.(60_000, 'show_1.ts');
    books.hooks.events?.onListed?.(0, 'show_1.ts');
    books.hooks.events?.onListed?.(0, 'show_1.ts');
    await vi.waitFor(async () => expect((await streams.get('show'))?.update).toBe('The stream plays again'), WAIT);
    expect(await streams.get('show')).toMatchObject({ state: 'STREAMING', reason: 'playable', worker: 'here-1' });
    session.handOver();
    connections[1]?.resolve();
    await session.finished;
    expect((await events()).slice(2)).toEqual([
      'STREAMING encoder_connected',
      'STREAMING playable',
      'READY encoder_gone',
      'STREAMING encoder_connected',
      'STREAMING playable',
    ]);
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

  test('a step of the end that hangs is left behind after its deadline', async () => {
    const books = bookkeeping({
      openIngest: async () => ({ ...openPort, close: () => new Promise(() => undefined) }),
    });
    const session = await start(books.phases);
    await vi.waitFor(async () => expect((await streams.get('show'))?.state).toBe('READY'));
    await streams.stop('show');
    session.wake();
    expect(await session.finished).toBe('stopped');
    expect(books.closed).toEqual(['output with ENDLIST']);
    expect((await events()).at(-1)).toBe('STOPPED user_stop');
  });

  test.each<[string, number, number, string[], string[]]>([
    ['a restart is left', 0, 5_000, ['INITIALISED created', 'READY listening'], []],
    [
      'none is left',
      -1,
      5_000,
      ['INITIALISED created', 'STOPPED transcode_error'],
      ['port given back', 'output with ENDLIST'],
    ],
    [
      'even the end kills its owners',
      -4,
      5_000,
      ['INITIALISED created', 'STOPPED transcode_error'],
      ['port given back'],
    ],
    ['it had run well before', -4, 61_000, ['INITIALISED created', 'READY listening'], []],
  ])('the owner before was lost: %s', async (_name, left, lostAfterMs, told, closed) => {
    const books = bookkeeping();
    const session = await start(books.phases, undefined, { left: left + 1, lostAfterMs });
    await vi.waitFor(async () => expect(await events()).toEqual(told));
    expect(books.closed).toEqual(closed);
    session.handOver();
    await session.finished;
  });

  test('FFmpeg failed for good: reported with the rule', async () => {
    const books = bookkeeping({
      transcode: async (_encoder, _sink, { mayRestart }) => {
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
    session.handOver('failing');
    await session.finished;
    const { run = '' } = (await streams.get('show')) ?? {};
    expect(await scripts.acquire('show', run, 'next', leaseTimes.ttlMs)).toMatchObject({ lostAfterMs: 0 });
  });

  test('a newer owner has written the playlist before this one began: nothing is reported', async () => {
    const books = bookkeeping({ openOutput: () => Promise.reject(new AppError('fenced', 'a newer owner')) });
    expect(await (await start(books.phases)).finished).toBe('fenced');
    expect(await events()).toEqual(['INITIALISED created']);
  });

  test('the owner before was not gone after all: the stream is taken over again', async () => {
    const books = bookkeeping();
    const session = await start(books.phases);
    await vi.waitFor(async () => expect((await streams.get('show'))?.state).toBe('READY'));
    books.hooks.events?.onStale?.();
    expect(await session.finished).toBe('handed_over');
    expect(books.closed).toEqual(['ingest', 'output without ENDLIST']);
    expect((await streams.get('show'))?.state).toBe('READY');
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
