import { escapeHtml, htmlPage, inlineHtml } from './html.ts';
import type { OpenApiDocument } from './openApiDocument.ts';
import { fieldsHtml, type JsonSchema, rowsHtml, typeHtml } from './schemaHtml.ts';

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: JsonSchema;
}

interface Content {
  content?: Record<string, { schema?: JsonSchema }>;
}

interface Operation {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  security: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: Content;
  responses: Record<string, Content & { description: string }>;
}

/** The document, as far as the page reads it: openApiDocument() makes all of it. */
interface Document {
  info: { title: string; version: string; description: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema>; securitySchemes: { signature: { description: string } } };
}

interface Call extends Operation {
  method: string;
  path: string;
}

/** The page /docs: every call of the document with its fields, and every schema. */
export function docsPage(source: OpenApiDocument): string {
  const document = source as unknown as Document;
  const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Call => ({ ...operation, method: method.toUpperCase(), path })),
  );
  const byTag = Map.groupBy(calls, ({ tags }) => tags[0] ?? '');
  const { info, components } = document;
  const body = `<div class="columns">
<nav class="contents" aria-label="Calls">
${[...byTag].map(([tag, of]) => `<h2>${escapeHtml(tag)}</h2><ul>${of.map(linkHtml).join('')}</ul>`).join('\n')}
<h2>Schemas</h2><ul>${Object.keys(components.schemas).map(schemaLink).join('')}</ul>
</nav>
<main>
<h1>The API <small>${escapeHtml(info.version)}</small></h1>
<p>Calls begin with <code>/v1</code>. ${inlineHtml(info.description)}</p>
<h2 id="signature">Signature</h2>
<p>Every call has the header <code>LT-SIGNATURE</code>: ${inlineHtml(components.securitySchemes.signature.description)}</p>
${calls.map(callHtml).join('\n')}
${Object.entries(components.schemas).map(schemaSection).join('\n')}
</main>
</div>`;
  return htmlPage(`${info.title} API`, body);
}

const linkHtml = ({ operationId, summary }: Call): string =>
  `<li><a href="#${operationId}">${escapeHtml(summary)}</a></li>`;

const schemaLink = (name: string): string => `<li><a href="#schema-${name}">${escapeHtml(name)}</a></li>`;

function callHtml(call: Call): string {
  const scope = call.security[0]?.signature?.[0];
  const bodySchema = call.requestBody?.content?.['application/json']?.schema;
  return `<section id="${call.operationId}">
<h2>${escapeHtml(call.summary)}</h2>
<p class="call"><b>${call.method}</b> <code>/v1${escapeHtml(call.path)}</code></p>
<p>${scope === undefined ? 'Not signed.' : `Needs the scope <code>${escapeHtml(scope)}</code>.`} ${inlineHtml(call.description ?? '')}</p>
${parametersHtml(call.parameters ?? [])}
${bodySchema ? `<h3>Body</h3><p>${typeHtml(bodySchema)}</p>${bodySchema.properties ? fieldsHtml(bodySchema) : ''}` : ''}
<h3>Answers</h3>
<ul class="answers">${Object.entries(call.responses).map(answerHtml).join('\n')}</ul>
</section>`;
}

function parametersHtml(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map(({ name, in: place, required = false, description, schema }) => ({
    ...{ name: place === 'header' ? name.replace(/(^|-)[a-z]/g, letter => letter.toUpperCase()) : name },
    ...{ schema, required, description: `In the ${place}. ${description ?? ''}` },
  }));
  return `<h3>Parameters</h3>${rowsHtml(rows)}`;
}

function answerHtml([status, { description, content = {} }]: [string, Content & { description: string }]): string {
  const isError = Number(status) >= 400;
  const about = isError
    ? inlineHtml(description).replace(/<code>([a-z_]+)<\/code>/g, '<a href="/docs/errors#$1"><code>$1</code></a>')
    : inlineHtml(description);
  const [type, { schema } = {}] = Object.entries(content)[0] ?? [];
  const shape =
    schema && !isError
      ? `: ${shapeHtml(schema)}${type === 'application/json' ? '' : `, ${escapeHtml(type ?? '')}`}`
      : '';
  return `<li><b>${status}</b> ${about}${shape}</li>`;
}

/** The fields of a list's envelope are few: they stand in one line. */
const shapeHtml = (schema: JsonSchema): string =>
  schema.properties
    ? `{ ${Object.entries(schema.properties)
        .map(([name, field]) => `<code>${escapeHtml(name)}</code>: ${typeHtml(field)}`)
        .join(', ')} }`
    : typeHtml(schema);

const schemaSection = ([name, schema]: [string, JsonSchema]): string => `<section id="schema-${name}">
<h2>${escapeHtml(name)}</h2>
<p>${inlineHtml(schema.description ?? '')}</p>
${schema.properties ? fieldsHtml(schema) : `<p>${typeHtml(schema)}</p>`}
</section>`;
