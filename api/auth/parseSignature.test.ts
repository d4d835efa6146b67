import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSignature } from './parseSignature.ts';

const digest = 'a'.repeat(64);

describe('parseSignature', () => {
  test.each([
    [`t=1790000000,v1=${digest}`, { keyId: 'default', time: '1790000000', digest }],
    [`t=1790000000.123456789,v1=${digest}`, { keyId: 'default', time: '1790000000.123456789', digest }],
    [`k=app_1-b,t=1,v1=${digest}`, { keyId: 'app_1-b', time: '1', digest }],
  ])('%s', (header, parsed) => {
    expect(parseSignature(header)).toEqual(parsed);
  });

  test.each([
    ['', digest, `t=,v1=${digest}`, `v1=${digest},t=1`, `t=1,v1=${digest.toUpperCase()}`, `t=1, v1=${digest}`],
    [`k=,t=1,v1=${digest}`, `t=1,k=a,v1=${digest}`, `k=a b,t=1,v1=${digest}`, `k=a,k=b,t=1,v1=${digest}`],
    [`t=-1,v1=${digest}`, `t=1e3,v1=${digest}`, `t=0x1,v1=${digest}`, `t=1.,v1=${digest}`, `t=1,v1=${digest}0`],
    [
      `t=1234567890123,v1=${digest}`,
      `k=${'a'.repeat(65)},t=1,v1=${digest}`,
      `t=1,v1=${digest}\n`,
      `t=1,t=2,v1=${digest}`,
    ],
  ])('has no other form', (...headers) => {
    for (const header of headers) expect(parseSignature(header), header).toBeUndefined();
  });

  test('never throws', () => {
    fc.assert(fc.property(fc.string(), text => parseSignature(text) === undefined || text.includes('v1=')));
  });
});
