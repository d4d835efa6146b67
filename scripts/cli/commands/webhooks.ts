import type { WebhookDelivery, WebhookEndpoint } from '../../../client/index.ts';
import type { CommandContext } from '../commandContext.ts';
import { table } from '../table.ts';

const deliveryHeading = ['DELIVERY', 'TIME', 'REASON', 'STATUS', 'ANSWER', 'ATTEMPTS', 'URL'];
const endpointHeading = ['ENDPOINT', 'ENABLED', 'EVENTS', 'URL'];

/** Prints what became of a stream's webhooks, the newest first. */
export async function listDeliveries(context: CommandContext, id: string): Promise<number> {
  const deliveries = await context.client.webhooks.deliveries(id);
  print(context, deliveries, deliveryHeading, deliveryRow, 'no webhook was sent');
  return 0;
}

/** Sends one delivery again, or all that were given up. */
export async function redeliver(
  { client, terminal: { out }, json }: CommandContext,
  id: string,
  delivery: string | undefined,
): Promise<number> {
  const count = delivery === undefined ? await client.webhooks.redeliverFailed(id) : 1;
  if (delivery !== undefined) await client.webhooks.redeliver(id, delivery);
  out(json ? JSON.stringify({ redelivered: count }) : `${count} sent again`);
  return 0;
}

/** Prints the receivers of all streams' events. */
export async function listEndpoints(context: CommandContext): Promise<number> {
  print(context, await context.client.webhooks.endpoints(), endpointHeading, endpointRow, 'no endpoint');
  return 0;
}

/** Adds a receiver of all streams' events. */
export async function addEndpoint(
  context: CommandContext,
  url: string,
  { event: events = [] }: { event?: string[] },
): Promise<number> {
  const made = await context.client.webhooks.createEndpoint({ url, events });
  print(context, [made], endpointHeading, endpointRow, '');
  return 0;
}

/** Switches a receiver on or off. */
export async function enableEndpoint(context: CommandContext, id: string, enabled: boolean): Promise<number> {
  print(context, [await context.client.webhooks.updateEndpoint(id, { enabled })], endpointHeading, endpointRow, '');
  return 0;
}

/** Removes a receiver. */
export async function removeEndpoint({ client, terminal: { out }, json }: CommandContext, id: string): Promise<number> {
  await client.webhooks.deleteEndpoint(id);
  out(json ? JSON.stringify({ endpoint_id: id, removed: true }) : `${id}: removed`);
  return 0;
}

/** Sends a test event. Exit code 1: the receiver did not take it. */
export async function testEndpoint(context: CommandContext, id: string): Promise<number> {
  const { terminal, json } = context;
  const delivery = await context.client.webhooks.testEndpoint(id);
  const { status, response_status: answered, response_body: body, duration_ms: ms, error } = delivery;
  if (json) terminal.out(JSON.stringify(delivery));
  else terminal.out(answered === null ? `no answer: ${error ?? status}` : `${answered} in ${ms} ms ${body}`.trim());
  return status === 'delivered' ? 0 : 1;
}

function print<Item>(
  { terminal: { out }, json }: CommandContext,
  items: readonly Item[],
  heading: string[],
  row: (item: Item) => string[],
  none: string,
): void {
  if (json) for (const item of items) out(JSON.stringify(item));
  else if (items.length === 0) out(none);
  else for (const line of table([heading, ...items.map(row)])) out(line);
}

const deliveryRow = (each: WebhookDelivery): string[] => [
  ...[each.delivery_id, each.created_at.slice(0, 19), each.reason, each.status],
  ...[`${each.response_status ?? each.error ?? ''}`, `${each.attempts}`, each.url],
];

const endpointRow = (each: WebhookEndpoint): string[] => [
  ...[
    each.endpoint_id,
    each.enabled ? 'yes' : each.ended_at ? 'no (410)' : 'no',
    each.events.join(' ') || 'all',
    each.url,
  ],
];
