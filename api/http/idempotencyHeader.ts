import { z } from 'zod';
import type { Route } from './route.ts';

const error = 'must be 1 to 255 printable ASCII characters';

/** The header that makes a POST repeatable. */
export const idempotencyHeader = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/, error)
    .optional()
    .meta({ description: 'Any text of yours. A request that is repeated with it within 24 h gets the first answer.' }),
});

export const isRepeatable = ({ method, idempotent = true }: Pick<Route, 'method' | 'idempotent'>): boolean =>
  method === 'post' && idempotent;
