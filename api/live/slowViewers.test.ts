import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SlowViewers } from './slowViewers.ts';

/** More than sockets buffer. */
const SEGMENT = Buffer.alloc(32 * 1024 ** 2, 1);
const MINUTE = 60_000;

let slow: SlowViewers;
let server: Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  server = createServer((_request, response) => {
    response.end(SEGMENT);
    slow.watch(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  slow.stop();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const port = () => (server.address() as AddressInfo).port;

/** Asks, and takes nothing of the answer. */
async function deadViewer(): Promise<Socket> {
  const socket = connect(port(), '127.0.0.1').pause();
  sockets.push(socket.on('error', () => undefined));
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(socket, 'connect');
  return socket;
}

async function quickViewer(): Promise<number> {
  const begun = performance.now();
  const body = await (await fetch(`http://127.0.0.1:${port()}/`)).arrayBuffer();
  expect(body.byteLength).toBe(SEGMENT.length);
  return performance.now() - begun;
}

test('viewers that take nothing are cut after their time, and delay nobody', async () => {
  slow = new SlowViewers(Number.MAX_SAFE_INTEGER, 2_000);
  for (let i = 0; i < 20; i += 1) await deadViewer();
  await expect.poll(() => slow.count).toBe(20);
  expect(await quickViewer()).toBeLessThan(10_000);
  await expect.poll(() => slow.count).toBe(0);
  const open = () =>
    new Promise<number>((resolve, reject) => server.getConnections((e, n) => (e ? reject(e) : resolve(n))));
  await expect.poll(open).toBeLessThanOrEqual(1);
});

test('what they leave in memory has a bound: the one that waits for longest is cut first', async () => {
  slow = new SlowViewers(2.5 * SEGMENT.length, MINUTE);
  await deadViewer();
  await expect.poll(() => slow.count).toBe(1);
  for (let i = 0; i < 4; i += 1) await deadViewer();
  await expect.poll(() => slow.count).toBeLessThanOrEqual(2);
  expect(slow.count).toBeGreaterThan(0);
});

test('who has taken the answer is not kept', async () => {
  slow = new SlowViewers(Number.MAX_SAFE_INTEGER, MINUTE);
  const viewer = await deadViewer();
  await expect.poll(() => slow.count).toBe(1);
  viewer.resume();
  await expect.poll(() => slow.count).toBe(0);
  expect(viewer.destroyed).toBe(false);
});
