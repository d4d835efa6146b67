import { escapeHtml, inlineHtml } from './html.ts';

/** What the page shows of a JSON schema. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  description?: string;
  default?: unknown;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  additionalProperties?: JsonSchema | boolean;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  pattern?: string;
}

/** A schema's type in a few words. One that has a name is a link to it. */
export function typeHtml(schema: JsonSchema): string {
  if (schema.$ref !== undefined) {
    const name = escapeHtml(schema.$ref.split('/').at(-1) ?? '');
    return `<a href="#schema-${name}">${name}</a>`;
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map(typeHtml))].join(' or ');
  if (schema.enum) return schema.enum.map(value => `<code>${escapeHtml(String(value))}</code>`).join(' ');
  if (schema.const !== undefined) return `<code>${escapeHtml(JSON.stringify(schema.const))}</code>`;
  if (schema.items) return `list of ${typeHtml(schema.items)}`;
  if (typeof schema.additionalProperties === 'object' && !schema.properties) {
    return `object of ${typeHtml(schema.additionalProperties)}`;
  }
  return escapeHtml([schema.type ?? 'any'].flat().join(' or '));
}

/** The bounds that a value has. */
export function boundsHtml(schema: JsonSchema): string {
  const { minimum, maximum, minLength, maxLength, maxItems, pattern, format } = schema;
  const bounds = [
    format,
    minimum !== undefined && Number.isSafeInteger(minimum) && Math.abs(minimum) < 2 ** 53 - 1 && `from ${minimum}`,
    maximum !== undefined && Math.abs(maximum) < 2 ** 53 - 1 && `to ${maximum}`,
    minLength !== undefined && `at least ${minLength} characters`,
    maxLength !== undefined && `at most ${maxLength} characters`,
    maxItems !== undefined && `at most ${maxItems}`,
    schema.default !== undefined && `default ${JSON.stringify(schema.default)}`,
  ];
  const said = bounds.filter(bound => typeof bound === 'string').map(escapeHtml);
  // A format is known by its name.
  if (pattern !== undefined && format === undefined) said.push(`<code>${escapeHtml(pattern)}</code>`);
  return said.join(', ');
}

export interface Row {
  name: string;
  schema: JsonSchema;
  required: boolean;
  description?: string | undefined;
}

/** One row for each name: type, bounds, what it means. */
export function rowsHtml(rows: readonly Row[]): string {
  const cells = rows.map(({ name, schema, required, description = schema.description }) => {
    const [type, bounds] = [typeHtml(schema), boundsHtml(schema)];
    const about = [bounds, description === undefined ? '' : inlineHtml(description)].filter(Boolean).join('<br>');
    const mark = required ? ' <span class="required">required</span>' : '';
    return `<tr><th scope="row"><code>${escapeHtml(name)}</code>${mark}</th><td>${type}</td><td>${about}</td></tr>`;
  });
  return `<div class="table"><table><thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">Meaning</th></tr></thead><tbody>${cells.join('\n')}</tbody></table></div>`;
}

/** The fields of an object, those of objects in it by their path. */
export function fieldsHtml(schema: JsonSchema): string {
  return rowsHtml(fieldRows(schema, '', 3));
}

function fieldRows(schema: JsonSchema, prefix: string, depth: number): Row[] {
  // Every field of an answer is there; only what is sent may be left out, and has no fields besides.
  const isRequest = schema.additionalProperties === false;
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const name = `${prefix}${key}`;
    const row = { name, schema: field, required: isRequest && (schema.required?.includes(key) ?? false) };
    const inner = [field, ...(field.anyOf ?? [])].find(of => of.properties) ?? field.items;
    const rows =
      depth > 1 && inner?.properties ? fieldRows(inner, `${name}${field.items ? '[]' : ''}.`, depth - 1) : [];
    return [row, ...rows];
  });
}
