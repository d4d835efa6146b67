import { expect, test } from 'vitest';
import { UploadGate } from './uploadGate.ts';

test('holds uploads back while the lease is in doubt, before anything has closed it', async () => {
  let certain = true;
  const gate = new UploadGate(() => certain);
  await gate.pass();
  certain = false;
  const passed: string[] = [];
  const passing = gate.pass().then(() => passed.push('passed'));
  await Promise.resolve();
  expect(passed).toEqual([]);
  certain = true;
  gate.open();
  await passing;
  expect(passed).toEqual(['passed']);
});
