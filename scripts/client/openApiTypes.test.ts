import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { clientOpenApi } from './clientOpenApi.ts';
import { typeOf } from './schemaType.ts';

test("the client's types are those of the API", async () => {
  const written = await readFile(new URL('../../client/openapi.ts', import.meta.url), 'utf8');
  expect(written, 'the API has changed: run `npm run generate:client`').toBe(clientOpenApi());
});

describe('a JSON schema as a type', () => {
  test.each([
    [{ type: 'string' }, 'string'],
    [{ type: 'integer', minimum: 1 }, 'number'],
    [{ type: ['string', 'null'] }, 'string | null'],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'string | null'],
    [{ enum: ['a', 'b', null] }, '"a" | "b" | null'],
    [{ const: 7 }, '7'],
    [{ type: 'array', items: { type: ['string', 'null'] } }, '(string | null)[]'],
    [{ $ref: '#/components/schemas/Stream' }, 'Stream'],
    [{ allOf: [{ $ref: '#/components/schemas/A' }, { type: 'object' }] }, '(A) & (Record<string, unknown>)'],
    [{ type: 'object', additionalProperties: { type: 'number' } }, 'Record<string, number>'],
    [{ type: 'object', additionalProperties: false }, 'Record<string, never>'],
    [{}, 'unknown'],
    [
      {
        type: 'object',
        required: ['a'],
        properties: { a: { type: 'string' }, 'b-c': { type: 'null', description: 'x */' } },
      },
      '{\na: string;\n/** x * / */\n"b-c"?: null | undefined;\n}',
    ],
  ])('%j', (schema, type) => {
    expect(typeOf(schema)).toBe(type);
  });
});
