import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, test } from 'vitest';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { writeError } from './writeError.ts';

test('a mistake of ours shows no detail', async () => {
  const app = express();
  app.get('/', () => {
    throw new Error('the secret is 1234');
  });
  app.use(writeError(silentLogger()));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  expect({ status: answer.status, body: await answer.json() }).toEqual({
    status: 500,
    body: expect.objectContaining({ code: 'internal_error', detail: 'internal error; the server has logged it' }),
  });
  server.close();
});
