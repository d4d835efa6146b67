import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { CapacityGuard } from './capacityGuard.ts';

const emptyDisk = { usedBytes: 0, freeBytes: 1e12, maxBytes: 1e12 };
let guard: CapacityGuard;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
afterEach(() => {
  guard.stop();
  vi.useRealTimers();
});

function watch(readSpool: () => Promise<typeof emptyDisk>) {
  const onChange = vi.fn();
  guard = new CapacityGuard({ readSpool, onChange, log: silentLogger() });
  guard.start();
  return onChange;
}

test('one measurement of the spool is under way at a time, however long it takes', async () => {
  const walks: PromiseWithResolvers<typeof emptyDisk>[] = [];
  watch(() => {
    const walk = Promise.withResolvers<typeof emptyDisk>();
    walks.push(walk);
    return walk.promise;
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(walks).toHaveLength(1);
  walks[0]?.resolve(emptyDisk);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(walks).toHaveLength(2);
});

test('while the spool does not answer the encodes are judged all the same', async () => {
  const onChange = watch(() => new Promise(() => undefined));
  guard.note('a', { speed: 0.5, behindSeconds: 5 });
  await vi.advanceTimersByTimeAsync(12_000);
  expect(onChange).toHaveBeenCalledExactlyOnceWith('1 of 1 encodes run below real time');
});

test('a spool that does not answer for half a minute is a reason to take no streams, until it does', async () => {
  const walk = Promise.withResolvers<typeof emptyDisk>();
  const onChange = watch(() => walk.promise);
  await vi.advanceTimersByTimeAsync(29_000);
  expect(onChange).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(onChange).toHaveBeenCalledExactlyOnceWith('its spool has not answered for 31 s');
  walk.resolve(emptyDisk);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(onChange).toHaveBeenLastCalledWith(undefined);
});
