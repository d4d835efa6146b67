import { fileURLToPath } from 'node:url';
import { type RequestHandler, Router } from 'express';
import type { Logger } from '../../common/createLogger.ts';
import { boardPolicy } from '../http/securityHeaders.ts';
import type { AdminAccounts } from './adminAccounts.ts';
import type { AdminSessions } from './adminSessions.ts';
import { PasswordGuard } from './passwordGuard.ts';
import type { QueueBoard } from './queueBoard.ts';
import { requireSession } from './requireSession.ts';
import { sameOrigin } from './sameOrigin.ts';
import { sessionRoutes } from './sessionRoutes.ts';

const pages = fileURLToPath(new URL('../pages', import.meta.url));

/** What people who run the cluster see: `/admin/login`, the control room under `/admin`, bull-board at `/admin/queues`. */
export function adminRoutes(deps: {
  accounts: AdminAccounts;
  sessions: AdminSessions;
  board: QueueBoard;
  /** EMBED_ORIGINS */
  embedOrigins: readonly string[];
  log: Logger;
}): Router {
  const { accounts, sessions, board, embedOrigins, log } = deps;
  const guard = new PasswordGuard(log);
  const session = requireSession(sessions);
  const router = Router();
  router.use(sessionRoutes({ accounts, sessions, guard, embedOrigins, log }));
  router.get('/admin/login', page('login.html'));
  router.use('/admin/queues', session, sameOrigin, boardPolicy, ...board.handler);
  router.get(['/admin', '/admin/workers', '/admin/ended', '/admin/streams/:id'], session, page('admin.html'));
  return router;
}

const page =
  (file: string): RequestHandler =>
  (_request, response) =>
    response.set('Cache-Control', 'no-store').sendFile(file, { root: pages, cacheControl: false });
