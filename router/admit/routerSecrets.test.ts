import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RouterSecrets } from './routerSecrets.ts';

const secrets = new RouterSecrets('a secret of the test, long enough');
const peer = { address: '192.0.2.1', port: 5_000 };
const NOW = 1_800_000_000_000;

test('a cookie is for one address and port, and for 30 to 60 s; any router with the secret knows it', () => {
  const cookie = secrets.cookie(peer, NOW);
  const other = new RouterSecrets('a secret of the test, long enough');
  expect(other.isOurCookie(cookie, peer, NOW)).toBe(true);
  expect(other.isOurCookie(cookie, peer, NOW + 30_000)).toBe(true);
  expect(other.isOurCookie(cookie, peer, NOW + 60_000)).toBe(false);
  expect(other.isOurCookie(cookie, { ...peer, port: 5_001 }, NOW)).toBe(false);
  expect(other.isOurCookie(cookie, { ...peer, address: '192.0.2.2' }, NOW)).toBe(false);
  expect(new RouterSecrets('another secret, long enough').isOurCookie(cookie, peer, NOW)).toBe(false);
});

test('ids are inverted by any router with the secret, and are never 0', () => {
  const other = new RouterSecrets('a secret of the test, long enough');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 0xffffffff }), id => {
      const shown = secrets.publicId(id);
      expect(shown).toBeGreaterThan(0);
      expect(other.callerId(shown)).toBe(id);
    }),
  );
  const hidden = secrets.callerId(1);
  expect(secrets.publicId(hidden)).toBe(1);
});
