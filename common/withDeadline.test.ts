import { getEventListeners } from 'node:events';
import { expect, test, vi } from 'vitest';
import { withDeadline } from './withDeadline.ts';

const never = new Promise<string>(() => undefined);

test('gives the result, or the failure, of work that is in time', async () => {
  const onLate = vi.fn(() => 'late');
  expect(await withDeadline(Promise.resolve('done'), 10_000, onLate)).toBe('done');
  await expect(withDeadline(Promise.reject(new Error('broken')), 10_000, onLate)).rejects.toThrow('broken');
  expect(onLate).not.toHaveBeenCalled();
});

test('gives what the caller says of work that is late', async () => {
  expect(await withDeadline(never, 1, () => 'late')).toBe('late');
  const refuse = (): never => {
    throw new Error('closing took more than 1 ms');
  };
  await expect(withDeadline(never, 1, refuse)).rejects.toThrow('closing took more than 1 ms');
});

test('work that fails after its deadline is no unhandled rejection', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  const work = Promise.withResolvers<string>();
  expect(await withDeadline(work.promise, 1, () => 'late')).toBe('late');
  work.reject(new Error('broken'));
  // Node reports unhandled rejections before it comes to the next macrotask.
  await new Promise(setImmediate);
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

test('a signal ends the wait before its time, also one that was aborted before', async () => {
  const controller = new AbortController();
  const waiting = withDeadline(never, 1_000_000, () => 'late', controller.signal);
  controller.abort();
  expect(await waiting).toBe('late');
  expect(await withDeadline(never, 1_000_000, () => 'late', controller.signal)).toBe('late');
});

test('leaves no listener at a signal that outlives it', async () => {
  const { signal } = new AbortController();
  await withDeadline(Promise.resolve(), 1_000_000, () => undefined, signal);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
