import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { Agent, get, type IncomingMessage } from 'node:http';
import { get as getTls, Agent as TlsAgent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { followCertificate } from './followCertificate.ts';
import { type HttpServer, startHttpServer } from './httpServer.ts';

let dir: string;
let server: HttpServer;
let end: () => void;
let lines: { msg: string; err?: { message: string } }[];

async function pair(name: string): Promise<{ cert: string; key: string }> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], { keyType: 'ec' });
  return { cert, key };
}

/** As Kubernetes mounts a secret: files are links into `..data`, a link that is replaced as a whole. */
async function mountAs(version: string, content: { cert: string; key: string }): Promise<void> {
  await mkdir(join(dir, version));
  await writeFile(join(dir, version, 'tls.crt'), content.cert);
  await writeFile(join(dir, version, 'tls.key'), content.key);
  await symlink(version, join(dir, '..data.new'));
  await rename(join(dir, '..data.new'), join(dir, '..data'));
}

/** The name in the certificate that a new connection gets. */
async function served(): Promise<string | string[] | undefined> {
  const socket = connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate() as PeerCertificate;
  socket.destroy();
  return subject.CN;
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-tls-'));
  const first = await pair('first');
  await mountAs('v1', first);
  await symlink('..data/tls.crt', join(dir, 'tls.crt'));
  await symlink('..data/tls.key', join(dir, 'tls.key'));
  const handler = (_request: unknown, response: { end(text: string): void }) => response.end('hello');
  server = await startHttpServer({ handler, host: '127.0.0.1', port: 0, certificate: first });
  lines = [];
  const log = pino({ level: 'info' }, { write: line => lines.push(JSON.parse(line)) });
  const files = { certFile: join(dir, 'tls.crt'), keyFile: join(dir, 'tls.key') };
  end = followCertificate({ files, used: first, use: server.useCertificate, log, everyMs: 20 });
});

afterEach(async () => {
  end();
  await server.stop(0);
  await rm(dir, { recursive: true });
});

describe('followCertificate', () => {
  test('new connections get a replaced certificate, and an open one goes on', async () => {
    const agent = new TlsAgent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
    const ask = async (): Promise<TLSSocket> => {
      const [response] = (await once(getTls(server.url, { agent }), 'response')) as [IncomingMessage];
      const socket = response.socket as TLSSocket;
      expect(Buffer.concat(await response.toArray()).toString()).toBe('hello');
      return socket;
    };
    const before = await ask();
    await mountAs('v2', await pair('second'));
    await vi.waitFor(async () => expect(await served()).toBe('second'));
    expect(await ask()).toBe(before);
    expect(before.getPeerCertificate().subject.CN).toBe('first');
    agent.destroy();
  });

  test('a broken certificate is logged once, the old one stays, and the next good one is taken', async () => {
    const { cert } = await pair('no key of its own');
    await mountAs('v2', { cert, key: (await pair('other')).key });
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    expect(lines[0]).toMatchObject({
      msg: 'the new TLS certificate cannot be used; the old one stays in use',
      err: { message: expect.stringContaining('is not the key of') },
    });
    expect(await served()).toBe('first');
    await mountAs('v3', await pair('third'));
    await vi.waitFor(async () => expect(await served()).toBe('third'));
    // The bad pair was there for many more looks than one.
    expect(lines.map(({ msg }) => msg)).toEqual([
      'the new TLS certificate cannot be used; the old one stays in use',
      'a new TLS certificate is in use; open connections keep the old one',
    ]);
  });

  test('files that are gone for a while change nothing', async () => {
    await rm(join(dir, '..data'));
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    expect(lines[0]?.err?.message).toContain('exists');
    expect(await served()).toBe('first');
  });

  test('plain HTTP has no certificate to replace', async () => {
    const plain = await startHttpServer({ handler: (_q, response) => response.end(), host: '127.0.0.1', port: 0 });
    plain.useCertificate(await pair('any'));
    const agent = new Agent();
    await once(get(plain.url, { agent }), 'response');
    agent.destroy();
    await plain.stop(0);
  });
});
