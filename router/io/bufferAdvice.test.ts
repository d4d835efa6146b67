import { expect, test } from 'vitest';
import { bufferAdvice } from './bufferAdvice.ts';

const ENOUGH = 4 * 1024 * 1024;

test.each([
  [{ receive: ENOUGH, send: ENOUGH }, undefined],
  [{ receive: 212_992, send: ENOUGH }, 'sysctl -w net.core.rmem_max=4194304'],
  [{ receive: 212_992, send: 212_992 }, 'sysctl -w net.core.rmem_max=4194304 net.core.wmem_max=4194304'],
])('%j: %s', (buffers, command) => {
  expect(bufferAdvice(buffers)).toBe(command);
});
