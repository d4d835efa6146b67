import { expect, test } from 'vitest';
import { silentLogger } from '../../../common/testing/silentLogger.ts';
import { FenceProbe } from './fenceProbe.ts';

test('a store that is away at the start is asked again until it answers, and not after that', async () => {
  const answers = [() => Promise.reject(new Error('away')), () => Promise.reject(new Error('away')), async () => true];
  let asked = 0;
  const store = { probeConditionalPut: () => (answers[asked++] ?? (async () => false))() };
  const probe = new FenceProbe({ store, log: silentLogger(), againMs: 20 });
  await probe.start();
  expect(probe.fences).toBe(false);
  await expect.poll(() => probe.fences).toBe(true);
  await new Promise(resolve => setTimeout(resolve, 60));
  expect(asked).toBe(3);
  await probe.stop();
});

test('stopped between two questions: it asks no more', async () => {
  let asked = 0;
  const store = {
    probeConditionalPut: () => {
      asked += 1;
      return Promise.reject(new Error('away'));
    },
  };
  const probe = new FenceProbe({ store, log: silentLogger(), againMs: 20 });
  await probe.start();
  await probe.stop();
  await new Promise(resolve => setTimeout(resolve, 60));
  expect(asked).toBe(1);
});
