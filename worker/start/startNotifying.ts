import { createRedis } from '../../common/redis/createRedis.ts';
import { createQueue, queueNames, type WebhookJob, webhookJobOptions } from '../../common/redis/queues.ts';
import { webhookSecrets } from '../../common/webhooks/webhookSecrets.ts';
import { OutboxRelay } from '../notify/outboxRelay.ts';
import type { WebhookLimits } from '../notify/webhookLimits.ts';
import { WebhookSender } from '../notify/webhookSender.ts';
import type { WorkerContext } from './workerContext.ts';

/** From the outbox to the apps' webhooks. */
export function startNotifying(
  { config, redis, metrics, tracing, entries, log, stack }: WorkerContext,
  limits: WebhookLimits,
): void {
  const queue = createQueue<WebhookJob>(queueNames.webhooks, redis.queue, webhookJobOptions);
  const relay = new OutboxRelay({
    redis: createRedis(config, 'queue', log),
    queue,
    srtUrl: config.WEBHOOK_SRT_URL,
    limits,
    entries,
    log,
  });
  relay.start();
  stack.push('outbox relay', () => relay.stop());
  const sender = new WebhookSender({
    redis: redis.queue,
    queue,
    secrets: webhookSecrets(config),
    allowPrivate: config.WEBHOOK_ALLOW_PRIVATE,
    tracing,
    onAttempt: attempt => metrics.webhook(attempt),
    limits,
    entries,
    log,
  });
  sender.start();
  stack.push('webhooks', () => sender.stop());
}
