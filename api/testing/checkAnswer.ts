import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { z } from 'zod';
import { problem } from '../http/problemOf.ts';
import type { Route } from '../http/route.ts';
import { openApiDocument } from '../openapi/openApiDocument.ts';
import { apiRoutes } from '../routes/apiRoutes.ts';

interface SeenAnswer {
  method: string;
  path: string;
  status: number;
  contentType: string;
  body: unknown;
}

/** The calls of the Go Livetran are not part of the document. */
const LIVETRAN_CALL = /^\/api\/(start-stream|stop-stream|status)\b/;

const document = openApiDocument(apiRoutes, 'test');
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(document, 'document');

/**
 * Throws when an answer of the resource API is not what the OpenAPI document says: its status, its content type, its body,
 * and fields that the document does not have.
 */
export function checkAnswer(seen: SeenAnswer): void {
  const [, prefix, path = ''] = /^\/(v1|api)(\/[^?]*)/.exec(seen.path) ?? [];
  if (prefix === undefined || LIVETRAN_CALL.test(seen.path)) return;
  const isEnveloped = prefix === 'api';
  if (seen.status >= 400) checkProblem(seen, isEnveloped);
  const route = findRoute(seen.method, path);
  if (route) checkRoute(seen, route, isEnveloped);
  else expectThat(seen, [404, 405, 413, 415].includes(seen.status), 'the document has no such call');
}

function checkRoute(seen: SeenAnswer, route: Route, isEnveloped: boolean): void {
  const { status } = seen;
  const answer = route.answers[status];
  const responses = document.paths?.[templateOf(route)]?.[route.method]?.responses ?? {};
  expectThat(seen, String(status) in responses, `${route.operationId} has no answer ${status}`);
  if (!answer?.schema) return;
  const type = answer.contentType ?? 'application/json';
  expectThat(seen, seen.contentType.startsWith(type), `its type is not ${type}`);
  if (type !== 'application/json') return;
  const body = isEnveloped ? unwrap(seen.body) : seen.body;
  const pointer = ['paths', templateOf(route), route.method, 'responses', `${status}`, 'content', type, 'schema'];
  validate(seen, body, pointer);
  expectNothingElse(seen, body, answer.schema);
}

function checkProblem(seen: SeenAnswer, isEnveloped: boolean): void {
  expectThat(seen, seen.contentType.startsWith('application/problem+json'), 'it is no problem document');
  const { success, error, ...body } = seen.body as { success?: boolean; error?: string; detail?: string };
  expectThat(
    seen,
    isEnveloped ? success === false && error === body.detail : error === undefined,
    'its envelope is wrong',
  );
  validate(seen, body, ['components', 'schemas', 'Problem']);
  expectNothingElse(seen, body, problem);
}

function findRoute(method: string, path: string): Route | undefined {
  const name = method === 'HEAD' ? 'get' : method.toLowerCase();
  return apiRoutes.find(
    route => route.method === name && new RegExp(`^${route.path.replaceAll(/:\w+/g, '[^/]+')}$`).test(path),
  );
}

const templateOf = (route: Route): string => route.path.replace(/:(\w+)/g, '{$1}');

const validators = new Map<string, ValidateFunction>();

function validate(seen: SeenAnswer, body: unknown, pointer: readonly string[]): void {
  const $ref = `document#/${pointer.map(part => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
  const check = validators.get($ref) ?? ajv.compile({ $ref });
  validators.set($ref, check);
  expectThat(seen, check(body), ajv.errorsText(check.errors));
}

/** The document lets clients accept more fields than it has; a test does not. */
function expectNothingElse(seen: SeenAnswer, body: unknown, schema: z.ZodType): void {
  const known = JSON.stringify(sorted(schema.parse(body)));
  const given = JSON.stringify(sorted(body));
  expectThat(seen, known === given, `it has fields that the document does not have: ${given} instead of ${known}`);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, of]) => [name, sorted(of)]),
  );
}

function unwrap(body: unknown): unknown {
  const { success: _success, ...rest } = body as { success?: boolean; data?: unknown };
  return Array.isArray(rest.data) ? rest : rest.data;
}

function expectThat(seen: SeenAnswer, holds: boolean, rule: string): void {
  if (!holds) throw new Error(`${seen.method} ${seen.path} → ${seen.status} is not as documented: ${rule}`);
}
