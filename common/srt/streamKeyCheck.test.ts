import jwt from 'jsonwebtoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { mintStreamKey } from './mintStreamKey.ts';
import { StreamKeyCheck } from './streamKeyCheck.ts';

const secret = 'a secret of the test, long enough';
const NOW = 1_800_000_000_000;
const run = 'run-2';
const key = (streamId = 'live', ttlSeconds = 60): string => mintStreamKey({ streamId, run, secret, ttlSeconds });
const id = (token: string, rid = 'live'): string => `mode=publish,rid=${rid},token=${token}`;
const sign = (claims: object, options: jwt.SignOptions = {}, by = secret): string => jwt.sign(claims, by, options);

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('a key holds stream_id, run and exp and nothing else', () => {
  expect(jwt.decode(key())).toEqual({ stream_id: 'live', run, exp: NOW / 1_000 + 60 });
});

describe('StreamKeyCheck', () => {
  const check = () => new StreamKeyCheck({ streamId: 'live', run, secret });

  test('accepts a good key', () => {
    expect(check().judge(id(key()))).toEqual({ accept: true, generation: 0 });
  });

  test.each([
    ['an empty stream id', () => '', 1400],
    ['nonsense', () => 'hello', 1400],
    ['no token', () => 'mode=publish,rid=live', 1401],
    ['an empty token', () => id(''), 1401],
    ['a token that is no JWT', () => id('nonsense'), 1401],
    ['another secret', () => id(sign({ stream_id: 'live', run }, { expiresIn: 60 }, 'another secret')), 1401],
    [
      'an unsigned token',
      () => id(jwt.sign({ stream_id: 'live', run }, '', { algorithm: 'none', expiresIn: 60 })),
      1401,
    ],
    ['HS512', () => id(sign({ stream_id: 'live', run }, { expiresIn: 60, algorithm: 'HS512' })), 1401],
    ['no exp', () => id(sign({ stream_id: 'live', run })), 1401],
    ['no run', () => id(sign({ stream_id: 'live' }, { expiresIn: 60 })), 1401],
    ['a key of an earlier run', () => id(sign({ stream_id: 'live', run: 'run-1' }, { expiresIn: 60 })), 1410],
    ['an expired key of an earlier run', () => id(sign({ stream_id: 'live', run: 'run-1', exp: 1 })), 1410],
    ['no stream_id', () => id(sign({ run }, { expiresIn: 60 })), 1401],
    ['an expired key', () => id(sign({ stream_id: 'live', run, exp: NOW / 1_000 })), 1401],
    ['a key for another stream', () => id(key('other')), 1403],
    ['a key for another stream under its own rid', () => id(key('other'), 'other'), 1403],
    ['a good key under another rid', () => id(key(), 'other'), 1403],
    ['an expired key for another stream', () => id(sign({ stream_id: 'other', run, exp: 1 })), 1403],
    ['a player', () => `mode=request,rid=live,token=${key()}`, 1405],
    ['no mode', () => `rid=live,token=${key()}`, 1405],
  ])('refuses %s', (_name, text, code) => {
    expect(check().judge(text())).toMatchObject({ accept: false, code });
  });

  test('a reason never shows the key', () => {
    const judged = check().judge(id('nonsense-key'));
    expect(JSON.stringify(judged)).not.toContain('nonsense-key');
  });

  test('a key that was accepted stays good for reconnects after its exp, one that was not does not', () => {
    const checker = check();
    const accepted = key('live', 60);
    const never = key('live', 30);
    checker.judge(id(accepted));
    vi.setSystemTime(NOW + 3_600_000);
    expect(checker.judge(id(accepted))).toEqual({ accept: true, generation: 0 });
    expect(checker.judge(id(never))).toMatchObject({ code: 1401 });
    expect(check().judge(id(accepted))).toMatchObject({ code: 1401 });
  });

  test('a new owner takes an expired key of this run when the run has accepted one, and none of an earlier run', () => {
    const checker = new StreamKeyCheck({ streamId: 'live', run, secret, acceptExpired: true });
    expect(checker.judge(id(sign({ stream_id: 'live', run, exp: NOW / 1_000 - 50 })))).toEqual({
      accept: true,
      generation: 0,
    });
    const old = id(sign({ stream_id: 'live', run: 'run-1', exp: NOW / 1_000 - 50 }));
    expect(checker.judge(old)).toMatchObject({ code: 1410 });
  });
});

describe('a key that was replaced', () => {
  const keyOf = (generation: number) =>
    id(mintStreamKey({ streamId: 'live', run, generation, secret, ttlSeconds: 60 }));

  test('is good until it is revoked, and then for nothing, also where it was accepted before', () => {
    const checker = new StreamKeyCheck({ streamId: 'live', run, secret });
    expect(checker.judge(keyOf(0))).toEqual({ accept: true, generation: 0 });
    expect(checker.judge(keyOf(2))).toEqual({ accept: true, generation: 2 });
    checker.change({ floor: 2 });
    expect(checker.judge(keyOf(0))).toMatchObject({ code: 1410, why: expect.stringContaining('revoked') });
    expect(checker.judge(keyOf(1))).toMatchObject({ code: 1410 });
    expect(checker.judge(keyOf(2))).toEqual({ accept: true, generation: 2 });
  });

  test('stays revoked for the next owner, which accepts expired keys of the run', () => {
    const next = new StreamKeyCheck({ streamId: 'live', run, secret, acceptExpired: true, access: { floor: 1 } });
    expect(next.judge(keyOf(0))).toMatchObject({ code: 1410 });
    expect(next.judge(keyOf(1))).toEqual({ accept: true, generation: 1 });
  });

  test.each(['one', '1', null, Number.NaN, {}])('a generation of %j is none of ours', gen => {
    const odd = id(sign({ stream_id: 'live', run, gen }, { expiresIn: 60 }));
    expect(new StreamKeyCheck({ streamId: 'live', run, secret, access: { floor: 1 } }).judge(odd).accept).toBe(false);
  });
});

describe('a stream with a passphrase', () => {
  const passphrase = 'ten bytes or more';
  const check = () => new StreamKeyCheck({ streamId: 'live', run, secret, access: { floor: 0, passphrase } });

  test.each([
    ['no stream id', ''],
    ['spaces', '  '],
    ['its name alone', 'live'],
    ['a request without a key', 'mode=publish,rid=live'],
    ['a standard request without a key', '#!::r=live,m=publish,t=stream'],
  ])('leaves %s to libsrt, which checks the passphrase', (_name, text) => {
    expect(check().judge(text)).toEqual({ accept: true, passphrase });
    expect(new StreamKeyCheck({ streamId: 'live', run, secret }).judge(text).accept).toBe(false);
  });

  test('has the passphrase checked for callers with a good key, too', () => {
    expect(check().judge(id(key()))).toEqual({ accept: true, generation: 0, passphrase });
  });

  test.each([
    ['a bad key', () => id('nonsense'), 1401],
    ['another name', () => 'other', 1400],
    ['a request without a key for another stream', () => 'mode=publish,rid=other', 1401],
    ['a player', () => 'mode=request,rid=live', 1405],
    ['a key of another run', () => id(sign({ stream_id: 'live', run: 'run-1' }, { expiresIn: 60 })), 1410],
  ])('refuses %s', (_name, text, code) => {
    expect(check().judge(text())).toMatchObject({ accept: false, code });
  });
});
