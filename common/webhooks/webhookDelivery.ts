import { z } from 'zod';
import { fields } from '../redis/fields.ts';

export const deliveryStatuses = ['pending', 'retrying', 'delivered', 'failed', 'ended'] as const;

/**
 * What became of one event for one URL. `pending`: not tried yet. `failed`: given up. `ended`: the receiver answered 410, so
 * nothing more is sent to it. Times in ms since 1970; 0: there is none.
 */
export const webhookDelivery = z.object({
  id: z.string(),
  eventId: z.string(),
  url: z.string(),
  endpoint: z.string().default(''),
  redelivery: z.string().default(''),
  sequence: z.number(),
  state: z.string(),
  reason: z.string(),
  status: z.enum(deliveryStatuses),
  createdAt: fields.ms,
  attempts: z.number().default(0),
  /** The last attempt: when it ended, and how long it took. */
  lastAt: fields.ms.default(0),
  durationMs: z.number().default(0),
  /** HTTP status of its answer; 0: no answer, and `error` says why. */
  answered: z.number().default(0),
  /** The first 200 bytes of its answer's body. */
  answer: z.string().default(''),
  error: z.string().default(''),
  nextAt: fields.ms.default(0),
});

export type WebhookDelivery = z.infer<typeof webhookDelivery>;
