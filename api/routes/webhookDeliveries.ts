import { z } from 'zod';
import { defineRoute } from '../http/route.ts';
import { streamRef } from '../streams/schemas.ts';
import { deliveryView, viewDelivery } from '../webhooks/deliveryView.ts';

const tag = 'Webhooks';
const path = '/streams/:stream_id/webhook-deliveries';
const deliveryRef = streamRef.extend({ delivery_id: z.string().max(300) });

const sent = { description: 'How many are sent', schema: z.object({ redelivered: z.int() }) };

const listDeliveries = defineRoute({
  ...{ method: 'get', path, operationId: 'listWebhookDeliveries', tag, permission: 'streams:read' },
  summary: "Show what became of a stream's webhooks",
  description: 'The last 100, the newest first. They are kept for 72 h.',
  params: streamRef,
  answers: { 200: { description: 'Deliveries', schema: z.object({ data: z.array(deliveryView) }) } },
  errors: [],
  call: async ({ params }, { webhooks }) => ({
    status: 200,
    body: { data: (await webhooks.deliveries(params.stream_id)).map(viewDelivery) },
  }),
});

const redeliver = defineRoute({
  ...{ method: 'post', path: `${path}/:delivery_id/redeliver`, operationId: 'redeliverWebhook', tag },
  permission: 'streams:write',
  summary: 'Send the event of a delivery once more, to the same URL',
  description: 'It is a delivery of its own, with the same `EventId`. It does not wait for other events of the stream.',
  params: deliveryRef,
  answers: { 202: sent },
  errors: ['delivery_not_found'],
  call: async ({ params }, { webhooks }) => {
    await webhooks.redeliver(params.stream_id, params.delivery_id);
    return { status: 202, body: { redelivered: 1 } };
  },
});

const redeliverFailed = defineRoute({
  ...{ method: 'post', path: `${path}/redeliver`, operationId: 'redeliverFailedWebhooks', tag },
  permission: 'streams:write',
  summary: "Send a stream's webhooks that were given up once more",
  params: streamRef,
  answers: { 202: sent },
  errors: [],
  call: async ({ params }, { webhooks }) => ({
    status: 202,
    body: { redelivered: await webhooks.redeliverFailed(params.stream_id) },
  }),
});

export const webhookDeliveryRoutes = [listDeliveries, redeliverFailed, redeliver];
