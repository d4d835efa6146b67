import { Router } from 'express';
import { z } from 'zod';
import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';
import { onlyMethods } from '../http/onlyMethods.ts';
import { parseBody } from '../http/parseBody.ts';
import { readBody } from '../http/readBody.ts';
import type { AdminAccounts } from './adminAccounts.ts';
import type { AdminSessions } from './adminSessions.ts';
import type { PasswordGuard } from './passwordGuard.ts';
import { adminOf, requireSession } from './requireSession.ts';
import { sameOrigin } from './sameOrigin.ts';
import { readSessionCookie, writeSessionCookie } from './sessionCookie.ts';

const text = (name: string) => z.string({ error: `${name} must be a text` }).max(1_024, `${name} is too long`);
const login = z.strictObject({ user: text('user'), password: text('password') });

/** `/admin/session`: POST logs a person in, GET says who it is, DELETE logs out. */
export function sessionRoutes(deps: {
  accounts: AdminAccounts;
  sessions: AdminSessions;
  guard: PasswordGuard;
  /** EMBED_ORIGINS, for the snippet that the pages show. */
  embedOrigins: readonly string[];
  log: Logger;
}): Router {
  const { accounts, sessions, guard, embedOrigins, log } = deps;
  const router = Router();
  router
    .route('/admin/session')
    .all(sameOrigin, readBody, (_request, response, next) => {
      response.set('Cache-Control', 'no-store');
      next();
    })
    .post(async (request, response) => {
      const { user, password } = parseBody(request, login);
      const address = request.ip ?? '';
      const locked = guard.lockedFor(address);
      if (locked > 0) {
        guard.failed(address);
        response.set('Retry-After', `${locked}`);
        throw new AppError('rate_limited', `too many wrong passwords from this address; try again in ${locked} s`);
      }
      const account = await guard.attempt(address, () => accounts.verify(user, password));
      if (account === 'busy') throw new AppError('rate_limited', 'too many people log in; try again in a second');
      if (!account) throw new AppError('unauthorized', 'user or password is wrong');
      writeSessionCookie(request, response, await sessions.open(account));
      log.info({ user: account.name, role: account.role, address }, 'logged in to the control room');
      response.status(201).json({ user: account.name, role: account.role });
    })
    .get(requireSession(sessions), (_request, response) => {
      const { name, role } = adminOf(response);
      response.json({ user: name, role, embed_origins: embedOrigins });
    })
    .delete(async (request, response) => {
      await sessions.end(readSessionCookie(request));
      writeSessionCookie(request, response, '');
      response.status(204).end();
    })
    .all(onlyMethods('GET', 'POST', 'DELETE'));
  return router;
}
