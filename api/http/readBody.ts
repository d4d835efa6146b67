import express, { type Request, type RequestHandler } from 'express';
import type { z } from 'zod';
import { AppError } from '../../common/errors.ts';

/** Keeps the raw body, whatever its type is said to be: signatures cover its bytes. At most 100 kB, no compression. */
export const readBody: RequestHandler = express.raw({ type: () => true, limit: '100kb', inflate: false });

/** The body's bytes; empty without a body. */
export function rawBody(request: Request): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/** The body as JSON of this shape. Throws `body_invalid`. */
export function parseBody<Schema extends z.ZodType>(request: Request, schema: Schema): z.infer<Schema> {
  return check(parseJson(rawBody(request).toString('utf8')), schema);
}

/** A value of this shape. Throws `body_invalid`, which names every field that is wrong and its rule, never its value. */
export function check<Schema extends z.ZodType>(value: unknown, schema: Schema): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => {
    const name = path.join('.');
    return name === '' || message.startsWith(name) ? message : `${name}: ${message}`;
  });
  throw new AppError('body_invalid', problems.join('; '));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError('body_invalid', 'the body must be a JSON object', { cause: error });
  }
}
