import { z } from 'zod';
import type { ErrorCode } from '../../common/errorCatalogue.ts';
import { AppError, type FieldProblem } from '../../common/errors.ts';
import { nearestName } from '../../common/nearestName.ts';

/** Names and rules of one answer; a body can break one in every element of a list. */
const MOST = 20;

/** Where a value came from, and the codes of what is wrong with it. */
const codes: Record<'body' | 'parameter', { invalid: ErrorCode; unknown: ErrorCode; noun: string }> = {
  body: { invalid: 'body_invalid', unknown: 'field_unknown', noun: 'field' },
  parameter: { invalid: 'parameter_invalid', unknown: 'parameter_unknown', noun: 'query parameter' },
};

/**
 * A value of this shape. Throws `body_invalid` or `parameter_invalid`, which name everything that is wrong and its rule, never
 * its value; a name that the (strict) shape does not have is `field_unknown` or `parameter_unknown`, with the nearest.
 */
export function checkInput<Schema extends z.ZodType>(
  value: unknown,
  schema: Schema,
  from: 'body' | 'parameter' = 'body',
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { invalid, unknown, noun } = codes[from];
  const { issues } = parsed.error;
  const onlyUnknown = issues.every(({ code }) => code === 'unrecognized_keys');
  const fields = firstOfEach(issues.flatMap(issue => problemsOf(issue, schema, noun))).slice(0, MOST);
  const sentences = fields.map(({ name, rule }) => (saysItself(name, rule) ? rule : `${name}: ${rule}`));
  throw new AppError(onlyUnknown ? unknown : invalid, sentences.join('; '), { fields });
}

const saysItself = (name: string, rule: string): boolean =>
  name === '' || rule.startsWith(name) || rule.startsWith(`${JSON.stringify(name)} `);

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType, noun: string): FieldProblem[] {
  const path = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys') return [{ name: path.join('.').slice(0, 200), rule: issue.message }];
  const known = namesAt(schema, path);
  return issue.keys.map(key => {
    // The caller's own word: quoted, and cut.
    const name = key.slice(0, 64);
    const near = nearestName(name.toLowerCase(), known, Math.max(2, Math.floor(name.length / 3)));
    const hint = near
      ? `did you mean ${near}?`
      : known.length > 0
        ? `there are: ${known.join(', ')}`
        : 'there are none';
    return { name: [...path, name].join('.'), rule: `${JSON.stringify(name)} is no ${noun}; ${hint}` };
  });
}

/** A value of the wrong type breaks the rules about its length, too: the first rule is the one to mend. */
function firstOfEach(problems: readonly FieldProblem[]): FieldProblem[] {
  const byName = new Map<string, FieldProblem>();
  for (const problem of problems) if (!byName.has(problem.name)) byName.set(problem.name, problem);
  return [...byName.values()];
}

/** The names that an object of the schema, at this path, may have. */
function namesAt(schema: z.ZodType | undefined, path: readonly string[]): string[] {
  const inner = unwrap(schema);
  if (!(inner instanceof z.ZodObject)) return [];
  const [first, ...rest] = path;
  return first === undefined ? Object.keys(inner.shape) : namesAt(inner.shape[first] as z.ZodType | undefined, rest);
}

function unwrap(schema: z.ZodType | undefined): z.ZodType | undefined {
  if (schema instanceof z.ZodPipe) return unwrap(schema.in as z.ZodType);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return unwrap(schema.unwrap() as z.ZodType);
  }
  return schema;
}
