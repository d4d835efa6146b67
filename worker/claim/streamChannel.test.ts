import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { EntryParser } from '../../common/redis/entryParser.ts';
import { keys } from '../../common/redis/keys.ts';
import { StreamChannel } from './streamChannel.ts';

test('a message that is no stream id is ignored and counted; other channels are not its own', () => {
  const subscriber = new EventEmitter();
  const entries = new EntryParser();
  const woken: string[] = [];
  new StreamChannel(subscriber as unknown as Redis, keys.wakeChannel, id => woken.push(id), entries);
  for (const message of ['', 'x'.repeat(100_000), '__proto__ ', '../show', 'show']) {
    subscriber.emit('message', keys.wakeChannel, message);
    subscriber.emit('message', keys.outbox, message);
  }
  expect(woken).toEqual(['show']);
  expect(entries.counts().get('channel message')).toBe(4);
});
