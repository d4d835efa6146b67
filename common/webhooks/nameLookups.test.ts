import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { beforeEach, expect, test } from 'vitest';
import { ForbiddenTarget } from './forbiddenTarget.ts';
import { NameLookups } from './nameLookups.ts';

const PUBLIC = { address: '1.1.1.1', family: 4 };

let asked: { name: string; answer(...addresses: LookupAddress[]): void }[];
let lookups: NameLookups;

beforeEach(() => {
  asked = [];
  // As a name server that answers when the test says so.
  lookups = new NameLookups((name, _options, done) => {
    asked.push({ name, answer: (...addresses) => done(null, addresses) });
  });
});

const signal = new AbortController().signal;
const normal = { allowPrivate: false, prompt: false, signal };

const ask = (lookup: LookupFunction, name: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    lookup(name, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });

test('names of unproven hosts hold two threads, and a prompt host does not wait for them', async () => {
  const all = ['a', 'b', 'c', 'd'].map(name => ask(lookups.for(normal), name));
  expect(asked.map(({ name }) => name)).toEqual(['a', 'b']);
  const prompt = ask(lookups.for({ ...normal, prompt: true }), 'prompt');
  asked[2]?.answer(PUBLIC);
  expect(await prompt).toEqual([PUBLIC]);
  asked[0]?.answer(PUBLIC);
  expect(asked.map(({ name }) => name)).toEqual(['a', 'b', 'prompt', 'c']);
  for (let i = 1; i < 5; i += 1) asked[i]?.answer(PUBLIC);
  expect(await Promise.all(all)).toHaveLength(4);
});

test('a lookup that was called off while it waited never begins', async () => {
  const given = new AbortController();
  const first = ['a', 'b'].map(name => ask(lookups.for(normal), name));
  const waiting = ask(lookups.for({ ...normal, signal: given.signal }), 'called-off');
  const last = ask(lookups.for(normal), 'last');
  given.abort(new Error('too late'));
  asked[0]?.answer(PUBLIC);
  await expect(waiting).rejects.toThrow('too late');
  expect(asked.map(({ name }) => name)).toEqual(['a', 'b', 'last']);
  for (const { answer } of asked) answer(PUBLIC);
  await Promise.all([...first, last]);
});

test('an answer with a private address among others is refused, unless they are allowed', async () => {
  const inside = { address: '10.0.0.1', family: 4 };
  const refused = ask(lookups.for(normal), 'rebound');
  asked[0]?.answer(PUBLIC, inside);
  await expect(refused).rejects.toThrow(ForbiddenTarget);
  const allowed = ask(lookups.for({ ...normal, allowPrivate: true }), 'inside');
  asked[1]?.answer(inside);
  expect(await allowed).toEqual([inside]);
});
