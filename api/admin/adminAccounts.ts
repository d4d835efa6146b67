import { createHmac } from 'node:crypto';
import type { AdminRole, AdminUser } from '../../common/config/adminUsers.ts';
import { hashPassword, verifyPassword } from '../../common/passwordHash.ts';

export interface AdminAccount {
  name: string;
  role: AdminRole;
  /** Changes with the password, and is the same on every replica: a session that another password opened is over. */
  credential: string;
}

/** scrypt takes 32 MB each, in the threads that also resolve names. More at a time are refused. */
const AT_ONCE = 4;

/** The people who may log in. Fixed for the life of the process: a restart reads the settings again. */
export class AdminAccounts {
  readonly #accounts: ReadonlyMap<string, { account: AdminAccount; hash: string }>;
  /** Checked for a name that does not exist, so that the time of an answer does not tell which names do. */
  readonly #decoy: string;
  #checking = 0;

  private constructor(accounts: Iterable<{ account: AdminAccount; hash: string }>, decoy: string) {
    this.#accounts = new Map([...accounts].map(entry => [entry.account.name, entry]));
    this.#decoy = decoy;
  }

  /**
   * @param settings ADMIN_USER with ADMIN_PASSWORD is an operator; ADMIN_USERS are the others. A name in both is the former
   * @param settings.secret HMAC_SECRET
   */
  static async create(settings: {
    user: string;
    password: string | undefined;
    users: readonly AdminUser[];
    secret: string;
  }): Promise<AdminAccounts> {
    const { user: name, password, users, secret } = settings;
    const credential = (user: string, known: string): string =>
      createHmac('sha256', secret).update(`admin\n${user}\n${known}`).digest('base64url');
    const entries = users.map(({ hash, ...user }) => ({
      account: { ...user, credential: credential(user.name, hash) },
      hash,
    }));
    if (password !== undefined) {
      const account = { name, role: 'operator', credential: credential(name, password) } as const;
      entries.push({ account, hash: await hashPassword(password) });
    }
    return new AdminAccounts(entries, await hashPassword('decoy'));
  }

  find(name: string): AdminAccount | undefined {
    return this.#accounts.get(name)?.account;
  }

  /** The account; undefined when name or password is wrong; `busy` when as many passwords as may be are checked already. */
  async verify(name: string, password: string): Promise<AdminAccount | undefined | 'busy'> {
    if (this.#checking >= AT_ONCE) return 'busy';
    this.#checking += 1;
    try {
      const found = this.#accounts.get(name);
      const right = await verifyPassword(password, found?.hash ?? this.#decoy);
      return right ? found?.account : undefined;
    } finally {
      this.#checking -= 1;
    }
  }
}
