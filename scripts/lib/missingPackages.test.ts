import { expect, test } from 'vitest';
import { missingPackages } from './missingPackages.ts';

const wanted = {
  '': { version: '0.1.0' },
  'node_modules/express': { version: '5.3.0', integrity: 'sha512-a' },
  'node_modules/vitest': { version: '5.1.1', integrity: 'sha512-b', dev: true },
  'node_modules/binding-linux-x64': { version: '1.0.0', optional: true, os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
  'node_modules/binding-linux-musl': { version: '1.0.0', optional: true, os: ['linux'], cpu: ['x64'], libc: ['musl'] },
  'node_modules/binding-darwin': { version: '1.0.0', optional: true, os: ['darwin'] },
  'node_modules/not-on-windows': { version: '1.0.0', optional: true, os: ['!win32'] },
  'node_modules/needed-by-binding-darwin': { version: '1.0.0', optional: true },
};
const host = { os: 'linux', cpu: 'x64', libc: 'glibc' };
const { 'node_modules/express': express } = wanted;

test('Livetran runs without packages for development and without optional ones', () => {
  expect(missingPackages(wanted, { 'node_modules/express': express })).toEqual([]);
  expect(missingPackages(wanted, {})).toEqual(['node_modules/express']);
});

test('another version, or other bytes of the same version, count as missing', () => {
  expect(missingPackages(wanted, { 'node_modules/express': { ...express, version: '5.2.0' } })).toHaveLength(1);
  expect(missingPackages(wanted, { 'node_modules/express': { ...express, integrity: 'sha512-x' } })).toHaveLength(1);
});

test('the tests need packages for development, and the native parts for this host', () => {
  expect(missingPackages(wanted, { 'node_modules/express': express }, host)).toEqual([
    'node_modules/vitest',
    'node_modules/binding-linux-x64',
    'node_modules/not-on-windows',
  ]);
  expect(missingPackages(wanted, wanted, host)).toEqual([]);
});
