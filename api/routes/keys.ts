import { z } from 'zod';
import { keyId, keySettings } from '../../common/config/apiKeys.ts';
import { keyView, viewKey } from '../auth/keyView.ts';
import { defineRoute } from '../http/route.ts';

const newKey = z
  .strictObject({
    id: keyId.optional().meta({ description: 'Absent: one is made.' }),
    ...keySettings,
  })
  .meta({ id: 'NewKey' });

const createdKey = keyView
  .extend({ secret: z.string().meta({ description: 'Shown here alone. Requests of this key are signed with it.' }) })
  .meta({ id: 'CreatedKey' });

const listKeys = defineRoute({
  ...{ method: 'get', path: '/keys', operationId: 'listKeys', tag: 'Keys', permission: 'admin' },
  summary: 'List the API keys, without their secrets',
  answers: { 200: { description: 'Keys', schema: z.object({ data: z.array(keyView) }) } },
  errors: [],
  call: async (_request, { keys }) => ({ status: 200, body: { data: (await keys.list()).map(viewKey) } }),
});

const createKey = defineRoute({
  ...{ method: 'post', path: '/keys', operationId: 'createKey', tag: 'Keys', permission: 'admin' },
  summary: 'Make an API key',
  description:
    'The answer is the only one with its secret. It works at once, in every API process. To rotate a key: make one, give it to the app, delete the old one.',
  body: newKey,
  answers: { 201: { description: 'The key, with its secret', schema: createdKey } },
  errors: ['key_exists', 'quota'],
  // The first answer would be kept in Redis, with the secret.
  idempotent: false,
  call: async ({ body }, { keys }) => {
    const key = await keys.create({
      ...{ id: body.id, scopes: body.scopes },
      notAfter: body.not_after === undefined ? undefined : Date.parse(body.not_after),
      requestsPerMinute: body.requests_per_minute,
      maxStreams: body.max_streams,
      startsPerMinute: body.starts_per_minute,
    });
    return { status: 201, headers: { Location: `/keys/${key.id}` }, body: { ...viewKey(key), secret: key.secret } };
  },
});

const deleteKey = defineRoute({
  ...{ method: 'delete', path: '/keys/:id', operationId: 'deleteKey', tag: 'Keys', permission: 'admin' },
  summary: 'Revoke an API key',
  description: 'Its next request is refused, by every API process, and its open event streams end.',
  params: z.object({ id: keyId }),
  answers: { 204: { description: 'It is gone' } },
  errors: ['key_not_found', 'key_configured'],
  call: async ({ params }, { keys }) => {
    await keys.remove(params.id);
    return { status: 204 };
  },
});

export const keyRoutes = [listKeys, createKey, deleteKey];
