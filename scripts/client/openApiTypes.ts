import { typeOf } from './schemaType.ts';

type Json = Readonly<Record<string, unknown>>;

export interface OpenApi {
  paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  components?: { schemas?: Readonly<Record<string, Json>> };
  servers?: readonly { url: string }[];
}

interface Operation {
  operationId?: string;
  summary?: string;
  parameters?: readonly { name: string; in: string; required?: boolean; schema?: Json; description?: string }[];
  requestBody?: { required?: boolean; content: Readonly<Record<string, { schema?: Json }>> };
  responses?: Readonly<Record<string, { content?: Readonly<Record<string, { schema?: Json }>> }>>;
}

/**
 * The client's TypeScript for an OpenAPI 3.1 document: a type for each of its named schemas, the shapes of each operation,
 * and where each operation is.
 */
export function openApiTypes(document: OpenApi): string {
  const schemas = Object.entries(document.components?.schemas ?? {}).map(
    ([name, schema]) => `${comment(schema.description)}export type ${name} = ${typeOf(schema)};`,
  );
  const base = document.servers?.[0]?.url ?? '';
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path: `${base}${path}`, method, operation })),
  );
  const shapes = operations.map(
    ({ operation }) => `${comment(operation.summary)}${operation.operationId}: ${shapeOf(operation)};`,
  );
  const places = operations.map(
    ({ path, method, operation }) =>
      `${operation.operationId}: { method: '${method.toUpperCase()}', path: '${path}' },`,
  );
  return [
    '// Written by `npm run generate:client` from the OpenAPI document. Do not change it by hand.',
    ...schemas,
    `/** What each call takes and answers, by its operationId. */\nexport interface Operations {\n${shapes.join('\n')}\n}`,
    `/** Where each call is. */\nexport const operations = {\n${places.join('\n')}\n} as const satisfies Record<keyof Operations, { method: string; path: string }>;`,
    '',
  ].join('\n\n');
}

function shapeOf({ parameters = [], requestBody, responses = {} }: Operation): string {
  const group = (place: string): string => {
    const fields = parameters.filter(parameter => parameter.in === place);
    const required = fields.filter(({ required }) => required).map(({ name }) => name);
    const properties = Object.fromEntries(
      fields.map(({ name, schema, description }) => [name, description ? { description, ...schema } : (schema ?? {})]),
    );
    return typeOf({ type: 'object', properties, required, additionalProperties: false });
  };
  const body = requestBody?.content['application/json']?.schema;
  const answers = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(([, { content }]) => content?.['application/json']?.schema);
  const answer = [...new Set(answers.map(schema => (schema ? typeOf(schema) : 'undefined')))].join(' | ');
  return `{ params: ${group('path')}; query: ${group('query')}; body: ${body ? typeOf(body) : 'undefined'}; answer: ${answer} }`;
}

const comment = (text: unknown): string => (typeof text === 'string' ? `/** ${text.replaceAll('*/', '* /')} */\n` : '');
