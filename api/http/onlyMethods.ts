import type { RequestHandler } from 'express';
import { AppError } from '../../common/errors.ts';

/** For `app.all` behind a path's handlers: whatever other method comes is refused with 405. */
export function onlyMethods(...methods: string[]): RequestHandler {
  return (request, response) => {
    response.set('Allow', methods.join(', '));
    throw new AppError('method_not_allowed', `${request.method} is not allowed here; use ${methods.join(' or ')}`);
  };
}
