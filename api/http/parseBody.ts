import type { Request } from 'express';
import type { z } from 'zod';
import { checkInput } from './checkInput.ts';
import { parseJson, rawBody } from './readBody.ts';

/** The body as JSON of this shape. Throws `body_invalid` or `field_unknown`. */
export function parseBody<Schema extends z.ZodType>(request: Request, schema: Schema): z.output<Schema> {
  return checkInput(parseJson(rawBody(request)), schema);
}
