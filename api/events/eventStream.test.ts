import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import express, { type Response } from 'express';
import { afterEach, expect, test, vi } from 'vitest';
import { EventStream } from './eventStream.ts';

const MOST_BYTES = 200_000;
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0).toReversed()) close();
});

/** A caller with a connection, and the stream that the server writes to it. */
async function open(): Promise<{ out: EventStream; caller: Socket; response: Response }> {
  const app = express();
  const answering = new Promise<Response>(resolve => app.get('/', (_request, response) => resolve(response)));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  const caller = connect((server.address() as AddressInfo).port, '127.0.0.1');
  caller.on('error', () => undefined);
  closing.push(() => caller.destroy());
  caller.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const response = await answering;
  return { out: new EventStream(response, MOST_BYTES), caller, response };
}

const event = { id: 'run-1-1', event: 'READY', data: { text: 'x'.repeat(10_000) } };

test('events as the standard has them', async () => {
  const { out, caller } = await open();
  out.send({ id: 'run-1-1', event: 'READY', data: { a: 1 } });
  out.send({ id: '', event: 'gap', data: '{}' });
  let text = '';
  caller.on('data', chunk => (text += chunk));
  await vi.waitFor(() => expect(text).toContain('event: gap'), 10_000);
  expect(text).toContain('content-type: text/event-stream');
  expect(text).toContain('id: run-1-1\nevent: READY\ndata: {"a":1}\n\n');
  expect(text).toContain('\nevent: gap\ndata: {}\n\n');
});

test('a caller who does not read is dropped before more than the bound waits in memory', async () => {
  const { out, caller, response } = await open();
  caller.pause();
  let most = 0;
  await vi.waitFor(() => {
    for (let i = 0; i < 100; i += 1) {
      out.send(event);
      most = Math.max(most, response.writableLength);
    }
    expect(out.isClosed).toBe(true);
  }, 10_000);
  expect(most).toBeLessThan(MOST_BYTES + 20_000);
});

test('what reads the past waits for a caller who reads slowly, and not for one who is gone', async () => {
  const { out, caller } = await open();
  caller.pause();
  while (!(await Promise.race([out.drained().then(() => false), Promise.resolve(true)]))) out.send(event);
  for (let i = 0; i < 10; i += 1) out.send(event);
  let drained = false;
  const waiting = out.drained().then(() => {
    drained = true;
  });
  expect(drained).toBe(false);
  caller.destroy();
  await waiting;
});
