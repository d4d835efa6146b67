import type { Redis } from 'ioredis';
import { keys } from '../../common/redis/keys.ts';

/** As a worker that takes a stream: it is READY with these fields, and an event says so. For tests. */
export async function takeStream(redis: Redis, streamId: string, fields: Record<string, string>): Promise<void> {
  const record = keys.stream(streamId);
  while ((await redis.exists(record)) === 0) await new Promise(done => setTimeout(done, 10));
  const now = String(Date.now());
  await redis.hset(record, { state: 'READY', reason: 'listening', owner: 'w', readyAt: now, ...fields });
  const [run = '', seq = '0'] = await redis.hmget(record, 'run', 'seq');
  const event = {
    ...{ streamId, seq: `${Number(seq) + 1}`, run: run ?? '', token: '1', state: 'READY', reason: 'listening' },
    ...{ streamLink: '', srtUrl: fields.srtUrl ?? '', webhookUrls: '[]', time: now, update: 'Waiting for the encoder' },
  };
  await redis.publish(keys.outbox, JSON.stringify(Object.entries(event).flat()));
}
