type Schema = Readonly<Record<string, unknown>>;

/** A JSON schema (of those that zod makes) as a TypeScript type. What has no type of its own is `unknown`. */
export function typeOf(schema: Schema | boolean): string {
  if (typeof schema === 'boolean') return schema ? 'unknown' : 'never';
  const { $ref, enum: words, anyOf, oneOf, allOf, type } = schema;
  if (typeof $ref === 'string') return $ref.slice($ref.lastIndexOf('/') + 1);
  if ('const' in schema) return literal(schema.const);
  if (Array.isArray(words)) return words.map(literal).join(' | ');
  if (Array.isArray(allOf)) return allOf.map(part => `(${typeOf(part)})`).join(' & ');
  const choices = anyOf ?? oneOf;
  if (Array.isArray(choices)) return union(choices.map(typeOf));
  if (Array.isArray(type)) return union(type.map(one => typeOf({ ...schema, type: one })));
  return simple(schema);
}

function simple(schema: Schema): string {
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'number':
    case 'integer':
      return 'number';
    case 'array':
      return `(${schema.items ? typeOf(schema.items as Schema) : 'unknown'})[]`;
    case 'object':
      return objectType(schema);
    default:
      return 'unknown';
  }
}

function objectType({ properties = {}, required = [], additionalProperties }: Schema): string {
  const names = new Set(required as string[]);
  const fields = Object.entries(properties as Record<string, Schema>).map(([name, property]) => {
    const text = property.description;
    const comment = typeof text === 'string' ? `/** ${text.replaceAll('*/', '* /')} */\n` : '';
    const key = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
    // `undefined` too: a program may pass on what it does not have, and JSON leaves it out.
    return `${comment}${key}${names.has(name) ? '' : '?'}: ${typeOf(property)}${names.has(name) ? '' : ' | undefined'};`;
  });
  const rest = additionalProperties;
  if (fields.length === 0) {
    if (rest === false) return 'Record<string, never>';
    return `Record<string, ${typeof rest === 'object' ? typeOf(rest as Schema) : 'unknown'}>`;
  }
  return `{\n${fields.join('\n')}\n}`;
}

const union = (types: string[]): string => [...new Set(types)].join(' | ');
const literal = (value: unknown): string => JSON.stringify(value);
