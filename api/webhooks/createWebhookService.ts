import type { Redis } from 'ioredis';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import { WebhookDeliveries } from '../../common/webhooks/webhookDeliveries.ts';
import { WebhookEndpoints } from '../../common/webhooks/webhookEndpoints.ts';
import type { EventHistory } from '../events/eventHistory.ts';
import { WebhookService } from './webhookService.ts';

/** @param deps.redis fail-fast @param deps.refusedTarget absent: webhooks may go everywhere */
export function createWebhookService(deps: {
  redis: Redis;
  entries: EntryParser;
  history: EventHistory;
  refusedTarget?: (url: string) => Promise<string | undefined>;
}): WebhookService {
  const { redis, entries } = deps;
  const deliveries = new WebhookDeliveries(redis, entries);
  return new WebhookService({ ...deps, endpoints: new WebhookEndpoints(redis, entries), deliveries });
}
