import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { replaceSocket, socketInode } from './replaceSocket.ts';

const server = createServer();
let fd: string;
beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  fd = String((server as unknown as { _handle: { fd: number } })._handle.fd);
});
afterAll(() => server.close());

describe.runIf(process.platform === 'linux')('replaceSocket', () => {
  test('replaces the socket that was meant', () => {
    const swapped: number[] = [];
    expect(replaceSocket(fd, socketInode(fd) ?? '', number => swapped.push(number))).toBe(true);
    expect(swapped).toEqual([Number(fd)]);
  });

  test.each([
    ['another socket', () => ({ fd, close: () => undefined })],
    [
      'a file that was opened under its number',
      () => {
        const file = openSync('/dev/null', 'r');
        return { fd: String(file), close: () => closeSync(file) };
      },
    ],
    ['nothing any more', () => ({ fd: '99999', close: () => undefined })],
  ])('leaves a descriptor alone that leads to %s', (_, open) => {
    const { fd: number, close } = open();
    const swapped: number[] = [];
    const inode = String(BigInt(socketInode(fd) ?? '0') + 1n);
    expect(replaceSocket(number, inode, one => swapped.push(one))).toBe(false);
    expect(swapped).toEqual([]);
    close();
  });
});
