import { jobSchemas, type WebhookJob } from '../../common/redis/queues.ts';
import type { StreamEvent } from '../../common/stream/streamEvent.ts';
import { webhookBody } from '../../common/webhooks/webhookBody.ts';
import type { WebhookEndpoint } from '../../common/webhooks/webhookEndpoints.ts';

/**
 * An event's webhooks: one for each URL of its stream, and for each endpoint that wants it. Each is made by a function that throws when its
 * URL is none, so that one bad URL does not take the others with it.
 * @param endpoints those that are enabled
 */
export function webhooksOf(
  event: StreamEvent,
  endpoints: readonly WebhookEndpoint[],
  options: { srtUrl: boolean },
): (() => WebhookJob)[] {
  const { eventId, streamId, sequence, state, reason, redelivery = '', endpoint: asked = '', trace } = event;
  const body = webhookBody(event, options);
  // The event's own time is that of its first delivery.
  const since = redelivery ? Date.now() : event.time;
  const same = { eventId, streamId, sequence, state, reason, since, redelivery, trace, body };
  const make = (url: string, endpoint: string) => () => jobSchemas.webhook.parse({ ...same, url, endpoint });
  const own = [...new Set(event.webhookUrls)].map(url => make(url, asked));
  if (redelivery) return own;
  const others = endpoints.filter(({ url, events }) => !event.webhookUrls.includes(url) && wants(events, event));
  const byUrl = new Map(others.map(endpoint => [endpoint.url, endpoint]));
  return [...own, ...[...byUrl.values()].map(({ url, id }) => make(url, id))];
}

const wants = (filter: readonly string[], { state, reason }: StreamEvent): boolean =>
  filter.length === 0 || filter.includes(state) || filter.includes(reason);
