import { describe, expect, test } from 'vitest';
import { AttemptFailure, withRestarts } from './restarts.ts';
import { defaultLimits } from './transcodeLimits.ts';

const limits = { ...defaultLimits, restartMs: 1 };

function failing(...outcomes: (Error | undefined)[]) {
  const pauses: number[] = [];
  let attempts = 0;
  const controller = new AbortController();
  const done = withRestarts(
    async () => {
      const outcome = outcomes[attempts++];
      if (outcome) throw outcome;
    },
    { limits, signal: controller.signal, onPause: ms => pauses.push(ms) },
  );
  return { done, pauses, controller, attempts: () => attempts };
}

const broken = (name: string, ranWell = false) => new AttemptFailure(new Error(name), ranWell);

describe('withRestarts', () => {
  test('tries again with doubled pauses until it works', async () => {
    const { done, pauses } = failing(broken('a'), broken('b'), broken('c'), undefined);
    await done;
    expect(pauses).toEqual([1, 2, 4]);
  });

  test('gives up at the fifth failure in a row, with its cause', async () => {
    const { done, attempts } = failing(...['a', 'b', 'c', 'd', 'e', 'f'].map(name => broken(name)));
    await expect(done).rejects.toThrow(/^e$/);
    expect(attempts()).toBe(5);
  });

  test('a failure after a good run begins a new count', async () => {
    const bad = ['a', 'b', 'c', 'd'].map(name => broken(name));
    const { done, attempts } = failing(...bad, broken('well', true), ...bad, undefined);
    await done;
    expect(attempts()).toBe(10);
  });

  test('the caller may decide on a restart', async () => {
    const causes: string[] = [];
    const done = withRestarts(() => Promise.reject(broken('again', true)), {
      limits,
      signal: new AbortController().signal,
      mayRestart: async cause => causes.push(cause.message) < 7,
      onPause: () => undefined,
    });
    await expect(done).rejects.toThrow('again');
    expect(causes).toHaveLength(7);
  });

  test('another error is not tried again', async () => {
    const { done, attempts } = failing(new TypeError('a bug'));
    await expect(done).rejects.toThrow('a bug');
    expect(attempts()).toBe(1);
  });

  test('an abort ends the pause', async () => {
    const controller = new AbortController();
    const slow = { ...defaultLimits, restartMs: 60_000 };
    const done = withRestarts(() => Promise.reject(broken('a')), {
      limits: slow,
      signal: controller.signal,
      onPause: () => controller.abort(new Error('stopped')),
    });
    await expect(done).rejects.toThrow('stopped');
  });
});
