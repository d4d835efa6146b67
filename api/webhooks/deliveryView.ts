import { z } from 'zod';
import { deliveryStatuses, type WebhookDelivery } from '../../common/webhooks/webhookDelivery.ts';

const time = z.iso.datetime();

/** What became of one event for one URL, as the resource API shows it. */
export const deliveryView = z
  .object({
    delivery_id: z.string(),
    event_id: z
      .string()
      .meta({ description: 'The same in the webhook (`EventId`), for every attempt and redelivery.' }),
    url: z.string(),
    endpoint_id: z.string().nullable().meta({ description: 'null: the URL is one of the stream.' }),
    redelivery: z.boolean(),
    sequence: z.int(),
    state: z.string(),
    reason: z.string(),
    status: z.enum(deliveryStatuses).meta({
      description:
        '`pending`: not tried yet. `retrying`: an attempt failed, more follow. `failed`: given up. `ended`: the receiver answered 410.',
    }),
    attempts: z.int(),
    created_at: time,
    last_attempt_at: time.nullable(),
    next_attempt_at: time.nullable(),
    duration_ms: z.number().nullable().meta({ description: 'How long the last attempt took.' }),
    response_status: z.int().nullable().meta({ description: 'null: no answer came; `error` says why.' }),
    response_body: z.string().meta({ description: 'The first 200 bytes of the last answer.' }),
    error: z.string().nullable(),
  })
  .meta({ id: 'WebhookDelivery' });

export type DeliveryView = z.output<typeof deliveryView>;

export function viewDelivery(delivery: WebhookDelivery): DeliveryView {
  const { lastAt, nextAt, answered } = delivery;
  return {
    delivery_id: delivery.id,
    event_id: delivery.eventId,
    url: delivery.url,
    endpoint_id: delivery.endpoint || null,
    redelivery: delivery.redelivery !== '',
    sequence: delivery.sequence,
    state: delivery.state,
    reason: delivery.reason,
    status: delivery.status,
    attempts: delivery.attempts,
    created_at: iso(delivery.createdAt),
    last_attempt_at: lastAt === 0 ? null : iso(lastAt),
    next_attempt_at: nextAt === 0 ? null : iso(nextAt),
    duration_ms: lastAt === 0 ? null : delivery.durationMs,
    response_status: answered === 0 ? null : answered,
    response_body: delivery.answer,
    error: delivery.error || null,
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
