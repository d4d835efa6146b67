import { z } from 'zod';
import { isPasswordHash } from '../passwordHash.ts';

export const adminRoles = ['viewer', 'operator'] as const;

/** A viewer sees everything; an operator also starts, stops and changes things. */
export type AdminRole = (typeof adminRoles)[number];

export interface AdminUser {
  name: string;
  role: AdminRole;
  /** scrypt, PHC string format. */
  hash: string;
}

const rule = 'each line must be <name>:<viewer|operator>:<hash>, with a hash made by "npm run --silent hash-password"';

/** ADMIN_USERS: one user on each line. Empty lines and lines that begin with # are left out. */
export const adminUsers = z.string().transform((text, context): AdminUser[] => {
  const users = new Map<string, AdminUser>();
  for (const line of text.split('\n')) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const [name = '', role, hash = '', ...more] = line.trim().split(':');
    const known = adminRoles.find(each => each === role);
    const isGood = /^[A-Za-z0-9._@-]{1,64}$/.test(name) && isPasswordHash(hash) && more.length === 0;
    if (!isGood || known === undefined || users.has(name)) {
      context.addIssue({ code: 'custom', message: users.has(name) ? `two lines name the user ${name}` : rule });
      return z.NEVER;
    }
    users.set(name, { name, role: known, hash });
  }
  return [...users.values()];
});
