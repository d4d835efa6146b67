import { randomUUID } from 'node:crypto';
import pRetry from 'p-retry';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import type { ObjectStore, PutOptions } from '../../../worker/publish/store/objectStore.ts';
import { probePrefix } from '../../../worker/publish/store/probeConditionalPut.ts';
import { StoreError, type StoreErrorKind } from '../../../worker/publish/store/storeError.ts';

export interface StoreUnderTest {
  store: ObjectStore;
  /** A store without conditional PUT is noted as a deviation instead of failed. */
  fencingOptional?: boolean;
  close(): Promise<void>;
}

const segment: PutOptions = { contentType: 'video/mp2t', cacheControl: 'public, max-age=31536000, immutable' };
const text: PutOptions = { contentType: 'text/plain', cacheControl: 'no-cache' };

/** Declares the tests that every ObjectStore passes. They write under a prefix of their own and remove it again. */
export function storeContract(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(`${name}: store contract`, () => {
    const prefix = `contract-${randomUUID()}/`;
    let made: StoreUnderTest;
    let store: ObjectStore;
    beforeAll(async () => {
      made = await makeStore();
      store = made.store;
    });
    afterAll(async () => {
      await store.delete(await collect(store.list(prefix)));
      await made.close();
    });
    const context: ContractContext = {
      store: () => store,
      put: (key, body, options = text) => patiently(() => store.put(prefix + key, body, options)),
      prefix,
      async fences(test) {
        if (await store.probeConditionalPut()) return true;
        expect(made.fencingOptional, 'the store does not fence conditional PUTs').toBe(true);
        await test.annotate('no conditional PUT: playlists are not fenced by this store', 'deviation');
        return false;
      },
    };
    objectTests(context);
    conditionTests(context);
    listTests(context);
    deleteTests(context);
    signalTests(context);
  });
}

interface ContractContext {
  store(): ObjectStore;
  put(key: string, body: Buffer | string, options?: PutOptions): Promise<{ etag: string }>;
  prefix: string;
  fences(test: TestContext): Promise<boolean>;
}

function objectTests({ store, put, prefix }: ContractContext): void {
  test('put, get and head agree on bytes, size, ETag and metadata', async () => {
    const metadata = { token: '17', sequence: '4711' };
    const { etag } = await put('agree/live.txt', 'hello', { ...text, metadata });
    const info = { key: `${prefix}agree/live.txt`, size: 5, etag };
    expect(await store().get(info.key)).toEqual({ ...info, body: Buffer.from('hello'), metadata });
    expect(await store().head(info.key)).toEqual({ ...info, metadata });
    expect(await collect(store().list(`${prefix}agree/`))).toEqual([info.key]);
    expect(etag).toMatch(/^[^"]+$/);
  });

  test.each([0, 1, 3_000_001])('a body of %i bytes comes back as it was', async size => {
    const body = Buffer.alloc(size, 'livetran\0\xff');
    const { etag } = await put(`size/${size}.ts`, body, segment);
    const found = await store().get(`${prefix}size/${size}.ts`);
    expect(found?.body.equals(body)).toBe(true);
    expect(found).toMatchObject({ size, etag, metadata: {} });
  });

  test('what does not exist is undefined', async () => {
    expect(await store().get(`${prefix}none`)).toBeUndefined();
    expect(await store().head(`${prefix}none`)).toBeUndefined();
    expect(await store().get(`${prefix}none/none.ts`)).toBeUndefined();
  });

  test('a write replaces bytes, metadata and ETag', async () => {
    const first = await put('replaced', 'one', { ...text, metadata: { token: '1' } });
    const second = await put('replaced', 'three', { ...text, metadata: { token: '2' } });
    expect(second.etag).not.toBe(first.etag);
    const found = await store().get(`${prefix}replaced`);
    expect(found).toMatchObject({ etag: second.etag, size: 5, metadata: { token: '2' } });
    expect(found?.body.toString()).toBe('three');
  });

  test.each(["a b+c&d=e'(f)*!~.ts", 'ünï/日本.ts', 'percent%2F%25.ts', '<x>&amp;"y".ts'])('key %s', async odd => {
    const key = `${prefix}odd/${odd}`;
    await put(`odd/${odd}`, 'odd', segment);
    expect((await store().get(key))?.body.toString()).toBe('odd');
    expect(await collect(store().list(`${prefix}odd/`))).toContain(key);
    expect(await store().delete([key])).toEqual({ failed: [] });
    expect(await store().head(key)).toBeUndefined();
  });

  test('a public URL has the key percent-encoded, its slashes kept', () => {
    expect(store().publicUrl('a b/c.ts').endsWith('/a%20b/c.ts')).toBe(true);
  });
}

function conditionTests({ store, put, prefix, fences }: ContractContext): void {
  test('create-if-absent holds the second time', async test => {
    if (!(await fences(test))) return;
    const condition = { ifNoneMatch: '*' } as const;
    await put('absent', 'first', { ...text, condition });
    expect(await kindOf(put('absent', 'second', { ...text, condition }))).toBe('precondition');
    expect((await store().get(`${prefix}absent`))?.body.toString()).toBe('first');
  });

  test('If-Match accepts the holder of the ETag only', async test => {
    if (!(await fences(test))) return;
    const first = await put('match', 'first', { ...text, metadata: { token: '1' } });
    const mine = { ...text, metadata: { token: '2' }, condition: { ifMatch: first.etag } };
    const second = await put('match', 'second', mine);
    expect(await kindOf(put('match', 'stale', { ...mine, metadata: { token: '1' } }))).toBe('precondition');
    const found = await store().get(`${prefix}match`);
    expect(found).toMatchObject({ etag: second.etag, metadata: { token: '2' } });
    expect(found?.body.toString()).toBe('second');
  });

  test('If-Match on what does not exist does not hold', async test => {
    if (!(await fences(test))) return;
    const condition = { ifMatch: '0123456789abcdef0123456789abcdef' };
    expect(await kindOf(put('missing/match', 'x', { ...text, condition }))).toBe('precondition');
    expect(await store().head(`${prefix}missing/match`)).toBeUndefined();
  });

  test('of eight that replace the same version at once, one wins', async test => {
    if (!(await fences(test))) return;
    const { etag } = await put('race', 'start');
    const racers = Array.from({ length: 8 }, (_, i) =>
      put('race', `racer ${i}`, { ...text, metadata: { racer: `${i}` }, condition: { ifMatch: etag } }),
    );
    const outcomes = await Promise.allSettled(racers);
    const winners = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [i] : []));
    expect(winners).toHaveLength(1);
    const found = await store().get(`${prefix}race`);
    expect(found?.body.toString()).toBe(`racer ${winners[0]}`);
    expect(found?.metadata).toEqual({ racer: `${winners[0]}` });
  });

  test('the probe leaves nothing behind', async () => {
    await store().probeConditionalPut();
    expect(await collect(store().list(probePrefix))).toEqual([]);
  });
}

function listTests({ store, put, prefix }: ContractContext): void {
  test('a listing goes through all pages, in key order', async () => {
    const names = Array.from({ length: 25 }, (_, i) => `list/${String(i).padStart(3, '0')}.ts`);
    await Promise.all(names.toReversed().map(name => put(name, name, segment)));
    const found = await collect(store().list(`${prefix}list/`));
    expect(found).toEqual(names.map(name => prefix + name));
  });

  test('a prefix is text, not a folder', async () => {
    const names = ['pre/a/1', 'pre/a1', 'pre/a.ts', 'pre/b'];
    await Promise.all(names.map(name => put(name, 'x')));
    const keysOf = async (from: string) => collect(store().list(prefix + from));
    expect(await keysOf('pre/a')).toEqual(['pre/a.ts', 'pre/a/1', 'pre/a1'].map(name => prefix + name));
    expect(await keysOf('pre/a/')).toEqual([`${prefix}pre/a/1`]);
    expect(await keysOf('pre/nothing')).toEqual([]);
  });
}

function deleteTests({ store, put, prefix }: ContractContext): void {
  test('what was deleted is gone; deleting nothing and what is not there succeeds', async () => {
    await Promise.all(['gone/1.ts', 'gone/2.ts', 'gone/kept.ts'].map(name => put(name, 'x', segment)));
    const keys = ['gone/1.ts', 'gone/2.ts', 'gone/never.ts'].map(name => prefix + name);
    expect(await store().delete(keys)).toEqual({ failed: [] });
    expect(await store().delete([])).toEqual({ failed: [] });
    expect(await collect(store().list(`${prefix}gone/`))).toEqual([`${prefix}gone/kept.ts`]);
  });

  test('more than 1,000 keys are deleted at once', async () => {
    await Promise.all([put('many/0', 'x'), put('many/1000', 'x')]);
    const keys = Array.from({ length: 1_001 }, (_, i) => `${prefix}many/${i}`);
    expect(await store().delete(keys)).toEqual({ failed: [] });
    expect(await collect(store().list(`${prefix}many/`))).toEqual([]);
  });
}

function signalTests({ store, prefix }: ContractContext): void {
  test('an aborted signal ends every call before it begins', async () => {
    const signal = AbortSignal.abort();
    const key = `${prefix}aborted`;
    const calls = [
      () => store().put(key, 'x', { ...text, signal }),
      () => store().get(key, { signal }),
      () => store().head(key, { signal }),
      () => store().delete([key], { signal }),
      () => collect(store().list(key, { signal })),
    ];
    for (const call of calls) {
      const error = await call().then(undefinedAnswer, (thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'StoreError', kind: 'aborted', ambiguous: false });
    }
    expect(await store().head(key)).toBeUndefined();
  });
}

const undefinedAnswer = (): undefined => undefined;

async function collect(keys: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const key of keys) found.push(key);
  return found;
}

async function kindOf(call: Promise<unknown>): Promise<StoreErrorKind | undefined> {
  const error = await call.then(undefinedAnswer, (thrown: unknown) => thrown);
  if (error !== undefined && !(error instanceof StoreError)) throw error;
  return error?.kind;
}

/** R2 takes one write a second to a key; a test that writes twice waits for its turn. */
function patiently<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  return pRetry(call, {
    retries: 5,
    minTimeout: 1_100,
    factor: 1,
    shouldRetry: ({ error }) => error instanceof StoreError && error.kind === 'throttled',
  });
}
