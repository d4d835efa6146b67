import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PutOptions } from '../../../worker/publish/store/objectStore.ts';
import { S3Store } from '../../../worker/publish/store/s3Store.ts';
import { StoreError, type StoreErrorKind } from '../../../worker/publish/store/storeError.ts';
import { type FaultProxy, type FaultRule, startFaultProxy } from './faultProxy.ts';
import { type S3Double, startS3Double } from './s3Double.ts';

const keys = { accessKey: 'AKIATEST', secretKey: 'secret', bucket: 'live' };
const log = pino({ level: 'silent' });
const text: PutOptions = { contentType: 'text/plain', cacheControl: 'no-cache' };
const requestMs = 600;
/** A request's limit, and what a busy machine adds to it. */
const patienceMs = requestMs + 1_500;

let double: S3Double;
let proxy: FaultProxy;
let store: S3Store;
const openStore = (changes: Partial<ConstructorParameters<typeof S3Store>[0]> = {}) =>
  new S3Store({
    ...{ ...keys, region: 'auto', endpoint: proxy.endpoint, publicUrl: double.publicUrl, log },
    timeouts: { connect: 400, idle: 500, request: requestMs },
    ...changes,
  });

beforeAll(async () => {
  double = await startS3Double({ ...keys, writesPerSecond: 1_000, undeletable: /locked/ });
  proxy = await startFaultProxy(double.endpoint);
  store = openStore();
});
beforeEach(() => proxy.clear());
afterAll(async () => {
  store.close();
  await proxy.close();
  await double.close();
});

async function failureOf(call: Promise<unknown>): Promise<StoreError> {
  const begun = performance.now();
  const error = await call.then(
    answer => new Error(`it should have failed, but answered ${JSON.stringify(answer)}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof StoreError)) throw error;
  expect(performance.now() - begun).toBeLessThan(patienceMs);
  return error;
}

interface Row {
  name: string;
  fault: FaultRule;
  kind: StoreErrorKind;
  ambiguous: boolean;
  stored?: boolean;
  retryAfterMs?: number;
}

const xml = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>told so</Message></Error>`;
const s3 = (code: number, name: string, kind: StoreErrorKind, more: Partial<Row> = {}): Row => ({
  name: `${code} ${name}`,
  fault: { kind: 'status', code, body: xml(name) },
  kind,
  ambiguous: false,
  ...more,
});

describe('a PUT that meets', () => {
  test.each<Row>([
    s3(500, 'InternalError', 'retry', { ambiguous: true }),
    s3(503, 'SlowDown', 'throttled'),
    s3(429, 'TooManyRequests', 'throttled', {
      fault: { kind: 'status', code: 429, headers: { 'retry-after': '2' }, body: xml('TooManyRequests') },
      retryAfterMs: 2_000,
    }),
    s3(400, 'RequestTimeout', 'retry'),
    s3(400, 'InvalidArgument', 'config'),
    s3(401, 'Unauthorized', 'denied'),
    s3(403, 'AccessDenied', 'denied'),
    s3(403, 'RequestTimeTooSkewed', 'retry'),
    s3(404, 'NoSuchBucket', 'config'),
    s3(409, 'ConditionalRequestConflict', 'retry'),
    s3(412, 'PreconditionFailed', 'precondition'),
    s3(501, 'NotImplemented', 'config'),
    { name: '502 with a page', fault: { kind: 'status', code: 502, body: '<html>' }, kind: 'retry', ambiguous: true },
    { name: '200 without ETag', fault: { kind: 'garbage' }, kind: 'retry', ambiguous: true },
    { name: 'reset', fault: { kind: 'reset' }, kind: 'retry', ambiguous: true },
    { name: 'reset in mid-body', fault: { kind: 'resetMidBody' }, kind: 'retry', ambiguous: true },
    { name: 'black hole', fault: { kind: 'blackhole' }, kind: 'retry', ambiguous: true },
    {
      name: 'late answer',
      fault: { kind: 'slowResponse', delayMs: 5_000 },
      kind: 'retry',
      ambiguous: true,
      stored: true,
    },
    { name: 'stored, reset', fault: { kind: 'commitThenReset' }, kind: 'retry', ambiguous: true, stored: true },
    { name: 'stored, silence', fault: { kind: 'commitThenHang' }, kind: 'retry', ambiguous: true, stored: true },
  ])('$name is `$kind`, ambiguous $ambiguous, and the next one succeeds', async row => {
    const key = `put/${row.name}`;
    proxy.set({ ...row.fault, method: 'PUT', count: 1 });
    const error = await failureOf(store.put(key, 'x'.repeat(100_000), text));
    expect(error).toMatchObject({ kind: row.kind, ambiguous: row.ambiguous, retryAfterMs: row.retryAfterMs });
    expect(error.message).toContain(`PUT ${key}`);
    expect(error.message).not.toContain(keys.secretKey);
    expect(double.objects().has(key)).toBe(row.stored ?? false);
    expect(await store.put(key, 'x'.repeat(100_000), text)).toHaveProperty('etag');
  });

  test('no listener: retry, surely not stored', async () => {
    const gone = await startFaultProxy(double.endpoint);
    await gone.close();
    const lonely = openStore({ endpoint: gone.endpoint });
    expect(await failureOf(lonely.put('a', 'a', text))).toMatchObject({ kind: 'retry', ambiguous: false });
    lonely.close();
  });

  test('an unknown host: an operator must act', async () => {
    const lost = openStore({ endpoint: 'http://no-such-host.invalid' });
    const error = await failureOf(lost.put('a', 'a', text));
    // Without any resolver the look-up itself fails, which may pass.
    expect([error.kind, /ENOTFOUND|EAI_AGAIN/.test(error.message)]).toEqual([
      error.message.includes('ENOTFOUND') ? 'config' : 'retry',
      true,
    ]);
    expect(error.ambiguous).toBe(false);
    lost.close();
  });

  test('its caller giving up: aborted at once, and the write may still land', async () => {
    proxy.set({ kind: 'delay', delayMs: 300 });
    const caller = new AbortController();
    const call = store.put('late/old', 'old', { ...text, signal: caller.signal });
    setTimeout(() => caller.abort(), 50);
    const begun = performance.now();
    expect(await failureOf(call)).toMatchObject({ kind: 'aborted', ambiguous: true });
    expect(performance.now() - begun).toBeLessThan(290);
    await expect.poll(() => double.objects().has('late/old')).toBe(true);
  });
});

describe('fencing', () => {
  test('a lost answer: the same conditional PUT again meets its own write, which the metadata shows', async () => {
    const { etag } = await store.put('own/playlist', 'one', { ...text, metadata: { token: '5', sequence: '1' } });
    const next = { ...text, metadata: { token: '5', sequence: '2' }, condition: { ifMatch: etag } };
    proxy.set({ kind: 'commitThenReset', method: 'PUT', count: 1 });
    expect(await failureOf(store.put('own/playlist', 'two', next))).toMatchObject({ kind: 'retry', ambiguous: true });
    expect(await failureOf(store.put('own/playlist', 'two', next))).toMatchObject({ kind: 'precondition' });
    expect((await store.get('own/playlist'))?.metadata).toEqual(next.metadata);
  });

  test("a stale owner's delayed PUT does not overwrite the new owner's", async () => {
    const { etag } = await store.put('fence/playlist', 'start', text);
    const condition = { ifMatch: etag };
    proxy.set({ kind: 'delay', delayMs: 200, method: 'PUT', count: 1 });
    const stale = failureOf(store.put('fence/playlist', 'stale', { ...text, condition }));
    await expect.poll(() => proxy.log.at(-1)?.fault).toBe('delay');
    await store.put('fence/playlist', 'new', { ...text, condition });
    expect(await stale).toMatchObject({ kind: 'precondition' });
    expect((await store.get('fence/playlist'))?.body.toString()).toBe('new');
  });

  test('the probe waits out a store that throttles before it compares', async () => {
    proxy.set({ kind: 'status', code: 429, method: 'PUT', match: /probe/, count: 1, body: xml('TooManyRequests') });
    expect(await store.probeConditionalPut()).toBe(true);
  });

  test('the probe says no to a store that does not know conditions', async () => {
    proxy.set({ kind: 'status', code: 501, method: 'PUT', match: /probe/, body: xml('NotImplemented') });
    expect(await store.probeConditionalPut()).toBe(false);
  });

  test('the probe says no to a store that ignores conditions', async () => {
    proxy.set({ kind: 'status', code: 200, method: 'PUT', match: /probe/, headers: { etag: '"0"' } });
    expect(await store.probeConditionalPut()).toBe(false);
  });
});

describe('reading', () => {
  const body = Buffer.alloc(200_000, 'segment');
  beforeAll(async () => {
    await store.put('read/1.bin', body, text);
  });

  test.each<[string, FaultRule]>([
    ['broken off in mid-body', { kind: 'truncate' }],
    ['too slow', { kind: 'slowResponse', delayMs: 5_000 }],
    ['never answered', { kind: 'blackhole' }],
    ['answered with a page', { kind: 'garbage' }],
  ])('a GET %s is a failure to retry', async (_, fault) => {
    proxy.set({ ...fault, method: 'GET', count: 1 });
    expect(await failureOf(store.get('read/1.bin'))).toMatchObject({ kind: 'retry', ambiguous: false });
    expect((await store.get('read/1.bin'))?.body.equals(body)).toBe(true);
  });

  test('a caller that gives up in the middle of a body is heard', async () => {
    proxy.set({ kind: 'slowResponse', delayMs: 5_000, method: 'GET', count: 1 });
    const signal = AbortSignal.timeout(100);
    expect(await failureOf(store.get('read/1.bin', { signal }))).toMatchObject({ kind: 'aborted', ambiguous: false });
  });

  test('a listing that is answered with a page is not an empty folder', async () => {
    proxy.set({ kind: 'garbage', method: 'GET', count: 1 });
    const listing = (async () => {
      for await (const _ of store.list('read/'));
    })();
    expect(await failureOf(listing)).toMatchObject({ kind: 'retry' });
  });
});

test('a batch delete reports each key that stayed, and a page for an answer is a failure', async () => {
  await Promise.all(['del/1', 'del/locked', 'del/2'].map(key => store.put(key, 'x', text)));
  const all = ['del/1', 'del/locked', 'del/2'];
  expect(await store.delete(all)).toEqual({ failed: [{ key: 'del/locked', code: 'AccessDenied' }] });
  expect([...double.objects().keys()].filter(key => key.startsWith('del/'))).toEqual(['del/locked']);
  proxy.set({ kind: 'garbage', method: 'POST', count: 1 });
  expect(await failureOf(store.delete(all))).toMatchObject({ kind: 'retry', ambiguous: true });
});

test('a closed store fails at once, and closing it again is fine', async () => {
  const closed = openStore();
  await closed.put('closed', 'x', text);
  proxy.set({ kind: 'blackhole' });
  const call = failureOf(closed.put('closed', 'y', text));
  await expect.poll(() => proxy.log.at(-1)?.fault).toBe('blackhole');
  closed.close();
  closed.close();
  expect(await call).toMatchObject({ kind: 'retry', ambiguous: true });
});
