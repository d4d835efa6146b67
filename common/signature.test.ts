import { describe, expect, test } from 'vitest';
import { signaturesEqual, signBody, signRequest } from './signature.ts';

describe('signBody', () => {
  test('is plain HMAC-SHA256 in hex (RFC 4231, test case 2)', () => {
    const digest = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
    expect(signBody('what do ya want for nothing?', 'Jefe')).toBe(digest);
    expect(signBody(Buffer.from('what do ya want for nothing?'), 'Jefe')).toBe(digest);
  });
});

describe('signRequest', () => {
  const request = { time: 1_700_000_000, method: 'POST', path: '/api/streams?x=1', body: '{"a":1}' };

  test('covers time, method, path with query, and body', () => {
    expect(signRequest(request, 's')).toBe(
      `t=1700000000,v1=${signBody('1700000000.POST./api/streams?x=1.{"a":1}', 's')}`,
    );
  });

  test.each([
    ['time', { time: 1_700_000_001 }],
    ['method', { method: 'PUT' }],
    ['path', { path: '/api/streams?x=2' }],
    ['body', { body: '{"a":2}' }],
  ])('changes with the %s', (_name, change) => {
    const digest = (signature: string) => signature.split('v1=')[1];
    expect(digest(signRequest({ ...request, ...change }, 's'))).not.toBe(digest(signRequest(request, 's')));
  });

  test('takes the method in any case, and a body of bytes', () => {
    expect(signRequest({ ...request, method: 'post', body: Buffer.from('{"a":1}') }, 's')).toBe(
      signRequest(request, 's'),
    );
  });

  test('signs a time given as text as it stands: a check must not rewrite 1.50 to 1.5', () => {
    expect(signRequest({ ...request, time: '1.50' }, 's')).toBe(
      `t=1.50,v1=${signBody('1.50.POST./api/streams?x=1.{"a":1}', 's')}`,
    );
  });
});

describe('signaturesEqual', () => {
  test.each([
    ['abc', 'abc', true],
    ['abc', 'abd', false],
    ['abc', 'abcd', false],
    ['', '', true],
    ['é', 'e9', false],
  ])('%s and %s: %s', (a, b, equal) => {
    expect(signaturesEqual(a, b)).toBe(equal);
  });
});
