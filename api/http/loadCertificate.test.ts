import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { loadCertificate } from './loadCertificate.ts';

let dir: string;
let files: { certFile: string; keyFile: string };

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-tls-'));
  files = { certFile: join(dir, 'keys', 'localhost.pem'), keyFile: join(dir, 'keys', 'localhost-key.pem') };
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

const load = () => loadCertificate(files, silentLogger());

describe('loadCertificate', () => {
  test('makes a certificate for this host when there is none, and keeps it', async () => {
    const made = await load();
    const certificate = new X509Certificate(made.cert);
    for (const name of ['localhost', hostname()]) expect(certificate.checkHost(name)).toBeDefined();
    for (const ip of ['127.0.0.1', '::1']) expect(certificate.checkIP(ip)).toBeDefined();
    expect(certificate.ca).toBe(false);
    const days = (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / 86_400_000;
    expect(days).toBeCloseTo(825, 3);
    expect((await stat(files.keyFile)).mode & 0o777).toBe(0o600);
    expect(await load()).toEqual(made);
    expect(await readdir(join(dir, 'keys'))).toEqual(['localhost-key.pem', 'localhost.pem']);
  });

  test('three processes that start at once end up with one pair', async () => {
    const pairs = await Promise.all([load(), load(), load()]);
    expect(new Set(pairs.map(pair => pair.cert + pair.key)).size).toBe(1);
    expect(await readdir(join(dir, 'keys'))).toHaveLength(2);
  });

  test.each([
    ['certFile', 'TLS_CERT_FILE'],
    ['keyFile', 'TLS_KEY_FILE'],
  ] as const)('refuses a pair without its %s', async (which, variable) => {
    await load();
    await rm(files[which]);
    await expect(load()).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(`${variable}: ${files[which]} does not exist`),
    });
  });

  test.each([
    ['certFile', 'TLS_CERT_FILE', 'must hold a PEM certificate'],
    ['keyFile', 'TLS_KEY_FILE', 'must hold a PEM private key without passphrase'],
  ] as const)('refuses a %s that is none', async (which, variable, rule) => {
    await load();
    await writeFile(files[which], 'hello');
    await expect(load()).rejects.toMatchObject({
      code: 'config_invalid',
      message: `${variable}: ${files[which]} ${rule}`,
    });
  });

  test('refuses the key of another certificate', async () => {
    await load();
    const key = await readFile(files.keyFile, 'utf8');
    await rm(join(dir, 'keys'), { recursive: true });
    await load();
    await writeFile(files.keyFile, key);
    await expect(load()).rejects.toThrow('is not the key of');
  });

  test('says what to do when the folder cannot be made', async () => {
    await writeFile(join(dir, 'keys'), 'a file where the folder should be');
    await expect(load()).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('TLS_CERT_FILE'),
    });
  });
});
