import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeySeal } from './keySeal.ts';

const seal = new KeySeal('a secret of the configuration');

test('opens what it sealed, and the same text is sealed differently each time', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (secret, about) => {
      const sealed = seal.seal(secret, about);
      expect(seal.open(sealed, about)).toBe(secret);
      expect(seal.seal(secret, about)).not.toBe(sealed);
    }),
  );
});

test('opens nothing beside other words, with another secret, or changed', () => {
  const sealed = seal.seal('the secret of a key', '{"scopes":["streams:read"]}');
  expect(() => seal.open(sealed, '{"scopes":["admin"]}')).toThrow();
  expect(() => new KeySeal('another secret').open(sealed, '{"scopes":["streams:read"]}')).toThrow();
  const bytes = Buffer.from(sealed, 'base64');
  for (let i = 0; i < bytes.length; i += 1) {
    const changed = Buffer.from(bytes);
    changed[i] = (changed[i] ?? 0) ^ 1;
    expect(() => seal.open(changed.toString('base64'), '{"scopes":["streams:read"]}')).toThrow();
  }
  expect(() => seal.open('', '')).toThrow();
});
