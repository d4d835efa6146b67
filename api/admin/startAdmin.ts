import type { RequestHandler, Router } from 'express';
import type { Redis } from 'ioredis';
import type { Config } from '../../common/config/loadConfig.ts';
import type { Logger } from '../../common/createLogger.ts';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import type { StopStack } from '../../common/stopStack.ts';
import { withDeadline } from '../../common/withDeadline.ts';
import type { Permission } from '../auth/permission.ts';
import { AdminAccounts } from './adminAccounts.ts';
import { adminRoutes } from './adminRoutes.ts';
import { AdminSessions } from './adminSessions.ts';
import { orSession } from './orSession.ts';
import { QueueBoard } from './queueBoard.ts';

const BOARD_DEADLINE_MS = 2_000;

export interface Admin {
  routes: Router;
  /** Lets a session in where a request has no signature (orSession.ts). */
  orSession(permission: Permission, signed: RequestHandler): RequestHandler;
}

interface AdminDeps {
  config: Config<'HMAC_SECRET'>;
  /** Fail-fast (role `request`). */
  redis: Redis;
  /** BullMQ's. */
  connection: Redis;
  entries: EntryParser;
  log: Logger;
}

/** The control room; undefined when nobody may log in (neither ADMIN_PASSWORD nor ADMIN_USERS is set). */
export async function startAdmin(deps: AdminDeps, stack: StopStack): Promise<Admin | undefined> {
  const { config, redis, connection, entries, log } = deps;
  const { ADMIN_USER: user, ADMIN_PASSWORD: password, ADMIN_USERS: users = [], HMAC_SECRET: secret } = config;
  if (password === undefined && users.length === 0) return undefined;
  const accounts = await AdminAccounts.create({ user, password, users, secret });
  const sessions = new AdminSessions({ redis, accounts, seconds: config.ADMIN_SESSION_SECONDS });
  const readOnly = config.ADMIN_QUEUES === 'readonly';
  const board = new QueueBoard({ redis, connection, entries, basePath: '/admin/queues', readOnly, log });
  board.start();
  const noteLate = () => log.debug('the queue board did not close before its deadline; the process ends without it');
  stack.push('board', () => withDeadline(board.stop(), BOARD_DEADLINE_MS, noteLate));
  return {
    routes: adminRoutes({ accounts, sessions, board, embedOrigins: config.EMBED_ORIGINS ?? [], log }),
    orSession: (permission, signed) => orSession(sessions, permission, signed),
  };
}
