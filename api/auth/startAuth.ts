import type { Redis } from 'ioredis';
import { type ConfiguredKey, scopes } from '../../common/config/apiKeys.ts';
import type { Config } from '../../common/config/loadConfig.ts';
import type { Logger } from '../../common/createLogger.ts';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import type { StopStack } from '../../common/stopStack.ts';
import { Admission } from './admission.ts';
import type { ApiKey } from './apiKey.ts';
import { Authenticator } from './authenticator.ts';
import { EventTokens } from './eventTokens.ts';
import { KeyRing } from './keyRing.ts';
import { KeySeal } from './keySeal.ts';
import { KeyService } from './keyService.ts';
import { KeyStore } from './keyStore.ts';
import { PlaybackTokens } from './playbackTokens.ts';

export interface Auth {
  authenticator: Authenticator;
  keys: KeyService;
  eventTokens: EventTokens;
  playbackTokens: PlaybackTokens;
}

/** Loads the API keys and follows their changes. Redis may be away. */
export async function startAuth(
  deps: { config: Config<'HMAC_SECRET'>; redis: Redis; subscriber: Redis; entries: EntryParser; log: Logger },
  stack: StopStack,
): Promise<Auth> {
  const { config, redis, subscriber, entries, log } = deps;
  const seal = new KeySeal(config.API_KEYS_SECRET ?? config.HMAC_SECRET);
  const store = new KeyStore({ redis, entries, seal });
  const configured = [defaultKey(config.HMAC_SECRET), ...(config.API_KEYS ?? []).map(keyOf)];
  const ring = new KeyRing({ store, subscriber, configured, log });
  stack.push('API keys', () => ring.stop());
  await ring.start();
  const { RATE_LIMIT_PER_KEY: perKey, RATE_LIMIT_PER_ADDRESS: perAddress } = config;
  const admission = new Admission(redis);
  return {
    authenticator: new Authenticator({ ring, admission, perKey, perAddress }),
    keys: new KeyService({ ring, store, log }),
    eventTokens: new EventTokens(config.HMAC_SECRET, ring),
    playbackTokens: new PlaybackTokens(config),
  };
}

const defaultKey = (secret: string): ApiKey => ({ id: 'default', secret, scopes, source: 'configuration' });

const keyOf = (key: ConfiguredKey): ApiKey => ({
  ...{ id: key.id, secret: key.secret, scopes: key.scopes, source: 'configuration' },
  notAfter: key.not_after === undefined ? undefined : Date.parse(key.not_after),
  requestsPerMinute: key.requests_per_minute,
  maxStreams: key.max_streams,
  startsPerMinute: key.starts_per_minute,
});
