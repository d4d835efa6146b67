import { once } from 'node:events';
import { Agent, get, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { get as getTls } from 'node:https';
import { connect, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from './httpServer.ts';

let server: HttpServer | undefined;
afterEach(async () => {
  await server?.stop(0);
  server = undefined;
});

const listen = (handler: RequestListener, more = {}) =>
  startHttpServer({ handler, host: '127.0.0.1', port: 0, ...more });

/** Connects, sends what is given, and resolves to how long the server took to end the connection (ms). */
async function heldFor({ port }: HttpServer, send: string): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  const begun = performance.now();
  socket.write(send);
  await once(socket, 'close');
  return performance.now() - begun;
}

async function certificate() {
  const { generate } = await import('selfsigned');
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' });
  return { cert: pems.cert, key: pems.private };
}

describe('startHttpServer', () => {
  test('a port that is taken ends the start with a clear message', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(startHttpServer({ handler: () => undefined, host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'port_unavailable',
      message: `cannot listen on 127.0.0.1 port ${port}: another program listens there; stop it or set API_PORT`,
    });
    other.close();
  });

  test('an address that is not ours as well', async () => {
    await expect(startHttpServer({ handler: () => undefined, host: '192.0.2.1', port: 0 })).rejects.toThrow(
      'set API_HOST',
    );
  });

  test('stop lets an open request end, and takes no new one', async () => {
    let open: ServerResponse | undefined;
    server = await listen((_request, response) => {
      open = response;
      response.write('first ');
    });
    const agent = new Agent({ keepAlive: true });
    const [response] = (await once(get(server.url, { agent }), 'response')) as [IncomingMessage];
    let stopped = false;
    const stopping = server.stop(60_000).then(() => {
      stopped = true;
    });
    await expect(fetch(server.url)).rejects.toThrow();
    expect(stopped).toBe(false);
    open?.end('last');
    expect(Buffer.concat(await response.toArray()).toString()).toBe('first last');
    // The kept-alive connection must not hold the stop for its five seconds.
    const begun = performance.now();
    await stopping;
    expect(performance.now() - begun).toBeLessThan(2_000);
    agent.destroy();
  });

  test('stop cuts a request that does not end, and may be called twice', async () => {
    server = await listen((_request, response) => {
      response.write('for ever');
    });
    const [response] = (await once(get(server.url), 'response')) as [IncomingMessage];
    const cut = once(response, 'error');
    await Promise.all([server.stop(50), server.stop(50)]);
    expect((await cut)[0]).toMatchObject({ code: 'ECONNRESET' });
  });

  test('a caller that never ends its handshake or its headers is cut within 15 s', { timeout: 30_000 }, async () => {
    const plain = await listen((_request, response) => response.end());
    const tls = await listen((_request, response) => response.end(), { certificate: await certificate() });
    const held = await Promise.all([
      heldFor(plain, ''),
      heldFor(plain, 'GET / HTTP/1.1\r\nHost: x\r\n'),
      heldFor(tls, ''),
      heldFor(tls, '\x16\x03\x01\x02\x00\x01'),
    ]);
    await Promise.all([plain.stop(0), tls.stop(0)]);
    for (const ms of held) expect(ms).toBeLessThan(15_000);
  });

  test.each(['http', 'https'])('stop does not wait for a caller that says nothing, over %s', async scheme => {
    server = await listen((_request, response) => response.end(), {
      ...(scheme === 'https' && { certificate: await certificate() }),
    });
    const silent = connect(server.port, '127.0.0.1').resume();
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    const begun = performance.now();
    await server.stop(60_000);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  test('speaks TLS 1.2 and up', async () => {
    server = await listen((_request, response) => response.end('hello'), { certificate: await certificate() });
    expect(server.url).toBe(`https://127.0.0.1:${server.port}`);
    const [response] = (await once(getTls(server.url, { rejectUnauthorized: false }), 'response')) as [IncomingMessage];
    expect(Buffer.concat(await response.toArray()).toString()).toBe('hello');

    const dial = (version: 'TLSv1.1' | 'TLSv1.2') =>
      connectTls({
        port: server?.port ?? 0,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        minVersion: 'TLSv1',
        maxVersion: version,
        // Without this a modern OpenSSL offers nothing below 1.2 at all, and the test would test the client.
        ciphers: 'DEFAULT@SECLEVEL=0',
      });
    const [failure] = await once(dial('TLSv1.1'), 'error');
    expect(failure).toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
    const socket = dial('TLSv1.2');
    await once(socket, 'secureConnect');
    socket.destroy();
  });
});
