import { z } from 'zod';
import type { WebhookEndpoint } from '../../common/webhooks/webhookEndpoints.ts';

/** A receiver of all streams' events, as the resource API shows it. */
export const endpointView = z
  .object({
    endpoint_id: z.string(),
    url: z.string(),
    events: z.array(z.string()).meta({ description: 'States and reasons that are sent. Empty: every event.' }),
    enabled: z.boolean(),
    ended_at: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'When its receiver answered 410, which switched it off.' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'WebhookEndpoint' });

export type EndpointView = z.output<typeof endpointView>;

export function viewEndpoint({ id, endedAt, createdAt, updatedAt, ...endpoint }: WebhookEndpoint): EndpointView {
  return {
    endpoint_id: id,
    ...endpoint,
    ended_at: endedAt === 0 ? null : iso(endedAt),
    created_at: iso(createdAt),
    updated_at: iso(updatedAt),
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
