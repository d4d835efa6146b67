import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { startTestApi, type TestApi } from '../testing/testApi.ts';

let redis: TestRedis;
let api: TestApi;

beforeAll(async () => {
  redis = await startRedis();
  api = await startTestApi(redis.url, { ADMIN_PASSWORD: 'pass:word' });
});
afterAll(async () => {
  await api.stop();
  await redis.stop();
});

const BLOCK = Buffer.alloc(64 * 1_024, 0x20);
/** What the kernel's buffers on both sides may take without anybody reading. */
const IN_FLIGHT = 16 * 1_024 ** 2;
const MOST = 400 * 1_024 ** 2;

/** Sends a body as fast as it is taken, until the server closes; the answer's start, and how many bytes were taken. */
async function pour(method: string, path: string, framing: string): Promise<{ answer: string; taken: number }> {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  let answer = '';
  socket
    .on('error', () => undefined)
    .on('data', data => {
      answer += data;
    });
  const closed = once(socket, 'close');
  const chunked = framing.startsWith('Transfer-Encoding');
  const piece = chunked ? Buffer.concat([Buffer.from('10000\r\n'), BLOCK, Buffer.from('\r\n')]) : BLOCK;
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n`);
  while (!socket.destroyed && socket.bytesWritten < MOST) {
    if (!socket.write(piece)) await Promise.race([once(socket, 'drain'), closed]).catch(() => undefined);
  }
  const taken = socket.bytesWritten - socket.writableLength;
  socket.destroy();
  return { answer, taken };
}

describe('a body over the limit is cut at once', () => {
  test.each([
    ['POST', '/api/start-stream', 'Content-Length: 1400000000', 413],
    ['POST', '/api/start-stream', 'Transfer-Encoding: chunked', 413],
    ['GET', '/api/status', 'Content-Length: 1400000000', 413],
    ['POST', '/api/streams', 'Transfer-Encoding: chunked', 413],
    ['POST', '/healthz', 'Content-Length: 1400000000', 413],
    ['POST', '/nothing', 'Content-Length: 1400000000', 413],
    ['POST', '/nothing', 'Transfer-Encoding: chunked', 404],
    ['PUT', '/video/a/a.ts', 'Transfer-Encoding: chunked', 405],
    ['POST', '/admin/queues/api/queues/streams/add', 'Transfer-Encoding: chunked', 401],
  ])('%s %s with %s: %i', { timeout: 30_000 }, async (method, path, framing, status) => {
    const { answer, taken } = await pour(method, path, framing);
    // A caller that reads only when it has sent all may find the connection reset before.
    if (answer !== '') expect(answer.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
    if (status === 413) expect(answer).toContain('at most 100 kB');
    expect(taken).toBeLessThan(IN_FLIGHT);
  });
});

test('a body that ends within the limit leaves the connection open', async () => {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  const request = 'POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}';
  socket.write(request);
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 404/);
  socket.write(request);
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 404/);
  socket.destroy();
});
