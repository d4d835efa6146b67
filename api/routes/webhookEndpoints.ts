import { z } from 'zod';
import { streamReasons } from '../../common/stream/streamReasons.ts';
import { streamStates } from '../../common/stream/streamState.ts';
import { defineRoute } from '../http/route.ts';
import { webhookUrl } from '../streams/schemas.ts';
import { deliveryView, viewDelivery } from '../webhooks/deliveryView.ts';
import { endpointView, viewEndpoint } from '../webhooks/endpointView.ts';

const tag = 'Webhooks';
const words: readonly string[] = [...streamStates, ...Object.keys(streamReasons)];

const fields = {
  url: webhookUrl,
  events: z
    .array(
      z.string().refine(word => words.includes(word), { error: 'must be a state or a reason (docs/events.md)' }),
      { error: 'must be a list of states and reasons' },
    )
    .max(words.length, `must have at most ${words.length} entries`)
    .meta({ description: 'States and reasons that are sent. Empty: every event.' }),
  enabled: z.boolean({ error: 'must be true or false' }),
};
const body = { error: 'the body must be a JSON object' };
const newEndpoint = z
  .strictObject({ ...fields, events: fields.events.default([]), enabled: fields.enabled.default(true) }, body)
  .meta({ id: 'NewWebhookEndpoint' });
const change = z
  .strictObject(
    { url: fields.url.optional(), events: fields.events.optional(), enabled: fields.enabled.optional() },
    body,
  )
  .meta({ id: 'EditWebhookEndpoint' });
const ref = z.object({ endpoint_id: z.string().regex(/^we_[0-9a-f]{32}$/, 'must be the id of a webhook endpoint') });
const one = { 200: { description: 'The endpoint', schema: endpointView } };

const listEndpoints = defineRoute({
  ...{
    method: 'get',
    path: '/webhook-endpoints',
    operationId: 'listWebhookEndpoints',
    tag,
    permission: 'streams:read',
  },
  summary: "List the receivers of all streams' events",
  answers: { 200: { description: 'Endpoints', schema: z.object({ data: z.array(endpointView) }) } },
  errors: [],
  call: async (_call, { webhooks }) => ({
    status: 200,
    body: { data: (await webhooks.endpoints()).map(viewEndpoint) },
  }),
});

const createEndpoint = defineRoute({
  ...{ method: 'post', path: '/webhook-endpoints', operationId: 'createWebhookEndpoint', tag, permission: 'admin' },
  summary: "Add a receiver of all streams' events",
  description: 'It gets them in order for each stream, beside the URLs of the streams. There may be 20.',
  body: newEndpoint,
  answers: { 201: { description: 'The endpoint', schema: endpointView } },
  errors: ['webhook_refused', 'quota'],
  call: async ({ body: given }, { webhooks }) => {
    const made = viewEndpoint(await webhooks.createEndpoint(given));
    return { status: 201, headers: { Location: `/webhook-endpoints/${made.endpoint_id}` }, body: made };
  },
});

const path = '/webhook-endpoints/:endpoint_id';

const getEndpoint = defineRoute({
  ...{ method: 'get', path, operationId: 'getWebhookEndpoint', tag, permission: 'streams:read' },
  summary: 'Show a webhook endpoint',
  params: ref,
  answers: one,
  errors: ['endpoint_not_found'],
  call: async ({ params }, { webhooks }) => ({
    status: 200,
    body: viewEndpoint(await webhooks.endpoint(params.endpoint_id)),
  }),
});

const editEndpoint = defineRoute({
  ...{ method: 'patch', path, operationId: 'editWebhookEndpoint', tag, permission: 'admin' },
  summary: 'Change a webhook endpoint',
  params: ref,
  body: change,
  answers: one,
  errors: ['endpoint_not_found', 'webhook_refused'],
  call: async ({ params, body: { url, events, enabled } }, { webhooks }) => {
    const given = {
      ...(url !== undefined && { url }),
      ...(events && { events }),
      ...(enabled !== undefined && { enabled }),
    };
    return { status: 200, body: viewEndpoint(await webhooks.changeEndpoint(params.endpoint_id, given)) };
  },
});

const deleteEndpoint = defineRoute({
  ...{ method: 'delete', path, operationId: 'deleteWebhookEndpoint', tag, permission: 'admin' },
  summary: 'Remove a webhook endpoint',
  description: 'Events that wait for it are still sent.',
  params: ref,
  answers: { 204: { description: 'It is gone' } },
  errors: ['endpoint_not_found'],
  call: async ({ params }, { webhooks }) => {
    await webhooks.removeEndpoint(params.endpoint_id);
    return { status: 204 };
  },
});

const testEndpoint = defineRoute({
  ...{ method: 'post', path: `${path}/test`, operationId: 'testWebhookEndpoint', tag, permission: 'admin' },
  summary: 'Send a test event, and show what the receiver answered',
  description: 'Its `Reason` is `webhook_test`, its `StreamId` `webhook-test`. Waits up to 10 s for the first attempt.',
  params: ref,
  idempotent: false,
  answers: { 200: { description: 'The delivery', schema: deliveryView } },
  errors: ['endpoint_not_found', 'no_worker'],
  call: async ({ params, signal }, { webhooks }) => ({
    status: 200,
    body: viewDelivery(await webhooks.testEndpoint(params.endpoint_id, signal)),
  }),
});

export const webhookEndpointRoutes = [
  ...[listEndpoints, createEndpoint, getEndpoint, editEndpoint, deleteEndpoint, testEndpoint],
];
