import { expect, test } from 'vitest';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import type { AudienceStore } from './audienceStore.ts';
import { Audiences } from './audiences.ts';

const beacon = { viewer: 1, stalls: 0, errors: 0 };

test('what waits is bounded, also while Redis takes its time', async () => {
  const waiting: (() => void)[] = [];
  const store = { record: () => new Promise<void>(resolve => waiting.push(resolve)) } as unknown as AudienceStore;
  const answer = async (): Promise<void> => {
    await expect.poll(() => waiting.length).toBe(1);
    waiting.shift()?.();
  };
  const audiences = new Audiences({ store, log: silentLogger() });
  const taken = Array.from({ length: 12_000 }, (_, i) => audiences.take(`show-${i % 50}`, beacon));
  expect(taken.filter(Boolean)).toHaveLength(10_000);
  const written = audiences.flush();
  expect(audiences.take('show', beacon)).toBe(false);
  await answer();
  await written;
  expect(audiences.take('show', beacon)).toBe(true);
  const last = audiences.stop();
  await answer();
  await last;
});

test('a store that fails loses these beacons and takes the next ones', async () => {
  let calls = 0;
  const store = {
    record: async () => {
      calls += 1;
      if (calls === 1) throw new Error('Redis does not answer');
    },
  } as unknown as AudienceStore;
  const audiences = new Audiences({ store, log: silentLogger() });
  audiences.take('show', beacon);
  await audiences.flush();
  audiences.take('show', beacon);
  await audiences.stop();
  expect(calls).toBe(2);
});
