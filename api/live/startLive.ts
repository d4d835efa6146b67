import type { RequestListener } from 'node:http';
import type { Meter } from '@opentelemetry/api';
import type { Redis } from 'ioredis';
import type { Config } from '../../common/config/loadConfig.ts';
import type { Logger } from '../../common/createLogger.ts';
import { originKey } from '../../common/origin/originKey.ts';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import type { StopStack } from '../../common/stopStack.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import type { PlaybackTokens } from '../auth/playbackTokens.ts';
import type { EventFeed } from '../events/eventFeed.ts';
import { requestDuration } from '../metrics/requestDuration.ts';
import { LiveCache } from './liveCache.ts';
import { liveHandler } from './liveHandler.ts';
import { LiveOrigin } from './liveOrigin.ts';
import { OriginComplaints } from './originComplaints.ts';
import { OriginSessions } from './originSessions.ts';
import { SlowViewers } from './slowViewers.ts';
import { StreamOwners } from './streamOwners.ts';

interface Deps {
  config: Config<'HMAC_SECRET'>;
  /** Fail-fast (role `request`). */
  redis: Redis;
  entries: EntryParser;
  events: EventFeed;
  tokens: PlaybackTokens;
  meter: Meter;
  log: Logger;
}

export interface Live {
  /** Answers what is under /live, and gives everything else to `next`. */
  inFrontOf(next: RequestListener): RequestListener;
  /** Ends requests that wait for media: a server that stops waits for its answers. */
  endHeld(): void;
}

/** Low-latency streams under /live. */
export function startLive(deps: Deps, stack: StopStack): Live {
  const { config, redis, entries, events, tokens, meter, log } = deps;
  const store = new StreamStore(redis, entries);
  const owners = new StreamOwners({ store, workers: new WorkerRegistry(redis, entries), events });
  stack.push('owners of live streams', () => owners.stop());
  const sessions = new OriginSessions(originKey(config.HMAC_SECRET));
  stack.push('connections to origins', () => sessions.close());
  const slow = new SlowViewers(config.LIVE_CACHE_BYTES);
  stack.push('slow viewers', () => slow.stop());
  const holdMs = 3_000 * config.REDUCED_SEGMENT_SECONDS;
  const origin = new LiveOrigin({
    owners,
    sessions,
    cache: new LiveCache(config.LIVE_CACHE_BYTES),
    holdMs,
    complaints: new OriginComplaints(log),
  });
  const { storage } = config;
  const isLocal = storage.kind === 'file' && config.CLOUDFLARE_PUBLIC_URL === undefined;
  // By whichever name of this host the viewer came.
  const bucketUrl = isLocal ? '/video' : storage.publicUrl;
  const live = { owners, origin, tokens, slow, bucketUrl, duration: requestDuration(meter), log };
  return { inFrontOf: next => liveHandler(live, next), endHeld: () => origin.stop() };
}
