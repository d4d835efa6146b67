import { secretVariables } from '../../../common/config/secretFiles.ts';
import { deriveWebhookSecret } from '../../../common/webhooks/deriveWebhookSecret.ts';
import { findSecrets } from '../../testing/findSecrets.ts';

/** What a process printed: JSON lines, parsed, and all other ones. */
interface Printed {
  log: readonly unknown[];
  text: readonly string[];
}

/** A shorter one is found in innocent words. */
const SHORTEST = 8;

const processes: Printed[] = [];
const secrets = new Map<string, string>();

/** A secret that is in use from now on, whatever process may print it. */
export function useSecret(name: string, value: string): void {
  if (value.length >= SHORTEST) secrets.set(value, name);
}

/** Remembers what a process of Livetran prints, and the secrets of its environment. One that has none is not ours. */
export function watchSecrets(printed: Printed, env: Readonly<Record<string, string>>): void {
  const own = secretVariables.filter(name => env[name] !== undefined);
  if (own.length === 0) return;
  processes.push(printed);
  for (const name of own) {
    const value = env[name] ?? '';
    if (name === 'REDIS_URL') useSecret("Redis's password", new URL(value.replace(/\+sentinel:.*/, '://x')).password);
    else if (!/^\s*[[{]/.test(value) && name !== 'ADMIN_USERS') useSecret(name, value);
  }
  if (env.HMAC_SECRET && !env.WEBHOOK_SECRET) useSecret('the webhook secret', deriveWebhookSecret(env.HMAC_SECRET));
}

/** What findSecrets() finds in all that the processes of this test file have printed. */
export function loggedSecrets(): string[] {
  const lines = processes.flatMap(({ log, text }) => [...log.map(line => JSON.stringify(line)), ...text]);
  return findSecrets(lines, secrets);
}
