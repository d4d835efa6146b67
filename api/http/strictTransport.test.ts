import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import express from 'express';
import { afterEach, describe, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from './httpServer.ts';
import { strictTransport } from './strictTransport.ts';

const HEADER = 'max-age=15552000';
let server: HttpServer | undefined;
afterEach(async () => {
  await server?.stop(0);
  server = undefined;
});

/** The header of an answer to a client behind a trusted proxy on loopback, or to one that comes directly. */
async function headerOf(
  publicUrl: string | undefined,
  headers: Record<string, string>,
  trusted = ['loopback'],
): Promise<string | undefined> {
  const app = express();
  app.set('trust proxy', trusted);
  app.use(strictTransport(publicUrl), (_request, response) => void response.end());
  server = await startHttpServer({ handler: app, host: '127.0.0.1', port: 0 });
  const [response] = (await once(get(server.url, { headers }), 'response')) as [IncomingMessage];
  response.resume();
  return response.headers['strict-transport-security'];
}

describe('Strict-Transport-Security', () => {
  test.each([
    ['by HTTPS of a trusted proxy', undefined, { host: 'live.example', 'x-forwarded-proto': 'https' }, HEADER],
    ['by HTTPS under the name localhost', undefined, { host: 'localhost', 'x-forwarded-proto': 'https' }, undefined],
    ['by HTTP', undefined, { host: 'live.example' }, undefined],
    ['with a public https address', 'https://live.example', { host: 'live.example' }, HEADER],
    ['with an https address of localhost', 'https://localhost:8080', { host: 'localhost' }, undefined],
  ])('%s', async (_name, publicUrl, headers, expected) => {
    expect(await headerOf(publicUrl, headers)).toBe(expected);
  });

  test('an untrusted client cannot claim HTTPS', async () => {
    expect(
      await headerOf(undefined, { host: 'live.example', 'x-forwarded-proto': 'https' }, ['192.0.2.1']),
    ).toBeUndefined();
  });
});
