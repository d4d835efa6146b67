import { createRedis } from '../../common/redis/createRedis.ts';
import { createQueue, queueNames, type WebhookJob, webhookJobOptions } from '../../common/redis/queues.ts';
import { deriveWebhookSecret } from '../../common/webhooks/deriveWebhookSecret.ts';
import { OutboxRelay } from '../notify/outboxRelay.ts';
import { ReceiverHosts } from '../notify/receiverHosts.ts';
import { WebhookSender } from '../notify/webhookSender.ts';
import type { WorkerContext } from './workerContext.ts';

/** From the outbox to the apps' webhooks. */
export function startNotifying({ config, redis, entries, log, stack }: WorkerContext): void {
  const queue = createQueue<WebhookJob>(queueNames.webhooks, redis.queue, webhookJobOptions);
  const hosts = new ReceiverHosts({
    onOpen: (host, ms) => log.warn({ host, ms }, 'a webhook receiver does not answer; its circuit is open'),
  });
  const relay = new OutboxRelay({
    redis: createRedis(config.REDIS_URL, 'queue', log),
    queue,
    srtUrl: config.WEBHOOK_SRT_URL,
    hosts,
    entries,
    log,
  });
  relay.start();
  stack.push('outbox relay', () => relay.stop());
  const sender = new WebhookSender({
    redis: redis.queue,
    queue,
    secret: config.WEBHOOK_SECRET ?? deriveWebhookSecret(config.HMAC_SECRET),
    allowPrivate: config.WEBHOOK_ALLOW_PRIVATE,
    hosts,
    entries,
    log,
  });
  sender.start();
  stack.push('webhooks', () => sender.stop());
}
