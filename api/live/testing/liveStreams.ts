import type { Redis } from 'ioredis';
import { keys } from '../../../common/redis/keys.ts';
import type { StartOptions } from '../../../common/stream/startOptions.ts';
import { StreamStore } from '../../../common/stream/streamStore.ts';
import { idleWorker } from '../../../common/testing/idleWorker.ts';
import { WorkerRegistry } from '../../../common/workers/workerRegistry.ts';

/** A low-latency stream that a worker has, whose origin is at `origin`. For tests. */
export async function startLiveStream(
  redis: Redis,
  streamId: string,
  origin: string | undefined,
  options: Partial<StartOptions> = {},
): Promise<void> {
  await new StreamStore(redis).start(streamId, { profile: 'transcode', latency: 'low', webhookUrls: [], ...options });
  await redis.hset(keys.stream(streamId), { state: 'STREAMING', streamingAt: String(Date.now()) });
  if (origin !== undefined) await ownStream(redis, streamId, origin);
}

/** The stream's worker is the one with this origin. */
export async function ownStream(redis: Redis, streamId: string, origin: string): Promise<void> {
  const id = `w-${new URL(origin).port}`;
  await new WorkerRegistry(redis).heartbeat(idleWorker(id, { origin }), 3_600_000);
  await redis.hset(keys.stream(streamId), { worker: id });
}
