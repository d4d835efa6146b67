import type { RequestHandler, Response } from 'express';
import { AppError } from '../../common/errors.ts';
import type { AdminAccount } from './adminAccounts.ts';
import type { AdminSessions } from './adminSessions.ts';
import { readSessionCookie } from './sessionCookie.ts';

const READS = new Set(['GET', 'HEAD']);

/**
 * Lets only people in who have logged in; what changes something, only operators. A person at a page is led to the
 * log-in; a script gets `unauthorized`.
 */
export function requireSession(sessions: AdminSessions): RequestHandler {
  return async (request, response, next) => {
    const account = await sessions.find(readSessionCookie(request));
    if (!account) {
      if (request.method === 'GET' && request.accepts(['json', 'html']) === 'html') {
        return response.redirect(303, `/admin/login?next=${encodeURIComponent(request.originalUrl)}`);
      }
      throw new AppError('unauthorized', 'log in at /admin/login first');
    }
    if (account.role !== 'operator' && !READS.has(request.method)) {
      throw new AppError('forbidden', `${account.name} is a viewer; an operator may do this`);
    }
    response.locals.admin = account;
    next();
  };
}

/** Behind `requireSession`. */
export const adminOf = (response: Response): AdminAccount => response.locals.admin as AdminAccount;
