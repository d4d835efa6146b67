import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { type ErrorCode, errorCatalogue } from '../../common/errorCatalogue.ts';
import { idempotencyHeader, isRepeatable } from '../http/idempotencyHeader.ts';
import { problem } from '../http/problemOf.ts';
import type { Route } from '../http/route.ts';

/** What a signed route can answer whatever it does. */
const signedErrors: readonly ErrorCode[] = [
  ...(['signature_missing', 'signature_invalid', 'signature_replayed', 'forbidden', 'rate_limited'] as const),
  // A page of the control room whose session has ended.
  'unauthorized',
  'redis_unavailable',
];
/** What any route can answer. */
const commonErrors: readonly ErrorCode[] = [
  'parameter_unknown',
  'method_not_allowed',
  'body_too_large',
  'media_type_unsupported',
  'internal_error',
];

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** The OpenAPI 3.1 document of these routes, made from their schemas. */
export function openApiDocument(routes: readonly Route[], version: string): OpenApiDocument {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operationOf(route) };
  }
  const document: ZodOpenApiObject = {
    openapi: '3.1.1',
    info: {
      title: 'Livetran',
      version,
      summary: 'The resource API of a live streaming cluster: SRT in, HLS out.',
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/v1', description: 'This server' }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map(name => ({ name })),
    paths,
    components: {
      securitySchemes: { signature: { type: 'apiKey', in: 'header', name: 'LT-SIGNATURE', description: signing } },
    },
  };
  return createDocument(document, { override: openAnswers });
}

const description = `\`/api\` is an older name of \`/v1\`: the same calls, their answers in \`{"success":true,"data":…}\`.
An error is a problem document (RFC 9457) whose \`code\` is a word of [the catalogue](/docs/errors).
A field or query parameter that a call does not have is an error.`;

const signing = `\`t=<unix seconds>,v1=<hex(hmac_sha256("<t>.<METHOD>.<path and query>.<body>", HMAC_SECRET))>\`.
A signature is good for one request, and for 300 s.`;

function operationOf(route: Route): ZodOpenApiOperationObject {
  const { operationId, summary, description: text, tag, permission, params, query, headers, body } = route;
  const isPublic = permission === 'public';
  return {
    ...{ operationId, summary, tags: [tag] },
    ...(text !== undefined && { description: text }),
    security: isPublic ? [] : [{ signature: [permission] }],
    requestParams: {
      ...(params && { path: params }),
      ...(query && { query }),
      ...((headers || isRepeatable(route)) && { header: headersOf(route) }),
    },
    ...(body && { requestBody: { required: !isOptional(body), content: { 'application/json': { schema: body } } } }),
    responses: { ...answersOf(route), ...errorsOf(route, isPublic) },
  };
}

/** No body is an empty object. */
const isOptional = (body: z.ZodType): boolean => body.safeParse({}).success;

function answersOf({ answers }: Route): ZodOpenApiResponsesObject {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description: text, schema, contentType = 'application/json' }]) => [
      status,
      { description: text, headers, ...(schema && { content: { [contentType]: { schema } } }) },
    ]),
  );
}

function errorsOf(route: Route, isPublic: boolean): ZodOpenApiResponsesObject {
  const own: ErrorCode[] = [
    ...(isRepeatable(route) ? (['idempotency_key_reused', 'idempotency_key_in_use'] as const) : []),
    ...(route.body ? (['body_invalid', 'field_unknown'] as const) : []),
    ...(route.params || route.query || route.headers || isRepeatable(route) ? (['parameter_invalid'] as const) : []),
  ];
  const codes = new Set([...route.errors, ...own, ...(isPublic ? [] : signedErrors), ...commonErrors]);
  const byStatus = Map.groupBy(codes, code => errorCatalogue[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [
      String(status),
      {
        description: of.map(code => `\`${code}\`: ${errorCatalogue[code].title}.`).join(' '),
        headers,
        content: { 'application/problem+json': { schema: problem } },
      },
    ]),
  );
}

/** With what every POST takes. */
const headersOf = (route: Route): z.ZodObject =>
  (route.headers ?? z.object({})).extend(isRepeatable(route) ? idempotencyHeader.shape : {});

const headers = z.object({
  'X-Request-Id': z.string().meta({ description: 'The id of this request, also in the log of the server.' }),
});

/** Later versions add fields to answers, so clients must not refuse those that they do not know. */
function openAnswers({
  jsonSchema,
  io,
}: {
  jsonSchema: { additionalProperties?: unknown };
  io: 'input' | 'output';
}): void {
  if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
}
