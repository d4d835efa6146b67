import type { RequestHandler } from 'express';
import { AppError } from '../../common/errors.ts';
import { caller } from '../auth/caller.ts';
import type { Permission } from '../auth/permission.ts';
import type { AdminSessions } from './adminSessions.ts';
import { checkSameOrigin } from './sameOrigin.ts';
import { readSessionCookie } from './sessionCookie.ts';

/**
 * The resource API for the control room's pages: a request with a session and without a signature may do what the
 * person's role may do. Any other goes the way of `signed`.
 */
export function orSession(sessions: AdminSessions, permission: Permission, signed: RequestHandler): RequestHandler {
  return async (request, response, next) => {
    const token = readSessionCookie(request);
    if (token === undefined || request.get('lt-signature') !== undefined) return signed(request, response, next);
    checkSameOrigin(request);
    const account = await sessions.find(token);
    if (!account) throw new AppError('unauthorized', 'the session has ended; log in at /admin/login');
    if (account.role !== 'operator' && permission !== 'streams:read') {
      throw new AppError('forbidden', `${account.name} is a viewer; an operator may do this`);
    }
    caller.setPerson(response, account.name);
    next();
  };
}
