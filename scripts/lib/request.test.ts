import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeCertificate } from '../../api/http/makeCertificate.ts';
import { isLoopback, request, UnreachableError } from './request.ts';

test('accepts a self-signed certificate of this host', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'livetran-request-'));
  const files = { certFile: join(dir, 'cert.pem'), keyFile: join(dir, 'key.pem') };
  await makeCertificate({ ...files, names: ['localhost'], ips: [] });
  const pair = { cert: await readFile(files.certFile), key: await readFile(files.keyFile) };
  const server = createServer(pair, (_request, response) => response.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect((await request(`https://127.0.0.1:${port}/`)).body.toString()).toBe('hello');
  server.close();
  await once(server, 'close');
  await rm(dir, { recursive: true });
  await expect(request(`https://127.0.0.1:${port}/`)).rejects.toThrow(UnreachableError);
});

test.each([
  ['http://localhost', true],
  ['http://127.0.0.1', true],
  ['http://[::1]', true],
  ['http://127.1', true],
  ['http://localhost.evil.example', false],
  ['http://127.0.0.1.evil.example', false],
  ['http://10.0.0.1', false],
])('%s is loopback: %s', (url, expected) => {
  expect(isLoopback(new URL(url).hostname)).toBe(expected);
});
