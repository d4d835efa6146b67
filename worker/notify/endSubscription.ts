import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import { keys } from '../../common/redis/keys.ts';
import { LuaScript } from '../../common/redis/luaScript.ts';
import type { WebhookJob } from '../../common/redis/queues.ts';
import { WebhookEndpoints } from '../../common/webhooks/webhookEndpoints.ts';

/**
 * Makes a function for a receiver that answered 410 (Gone): its URL leaves the stream's record, with an event of reason
 * `webhook_ended`; an endpoint for all streams is switched off.
 */
export function createEndSubscription(
  redis: Redis,
  entries: EntryParser,
  log: Logger,
): (webhook: WebhookJob) => Promise<void> {
  const script = new LuaScript(new URL('./lua/end-subscription.lua', import.meta.url));
  const endpoints = new WebhookEndpoints(redis, entries);
  return async ({ streamId, url, endpoint }) => {
    const { host } = new URL(url);
    if (endpoint !== '') {
      // It may have got another URL meanwhile.
      if ((await endpoints.get(endpoint))?.url !== url) return;
      await endpoints.update(endpoint, { enabled: false, endedAt: Date.now() });
      log.warn({ endpoint, host }, 'a webhook endpoint answered 410; it is switched off');
      return;
    }
    const update = `The webhook receiver at ${host} answered 410; no more events of this stream go to it`;
    await script.run(redis, [keys.stream(streamId), keys.outbox], [streamId, url, update]);
    log.warn({ streamId, host }, 'a webhook receiver answered 410; no more events of the stream go to it');
  };
}
