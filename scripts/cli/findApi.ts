import { join, resolve } from 'node:path';
import { readRunning } from '../embedded/runningFile.ts';
import { readSecrets, secretsFile } from '../embedded/secrets.ts';
import { UsageError } from './usageError.ts';

export interface FoundApi {
  url: string;
  /** HMAC_SECRET, or the secret of the key that `keyId` names. */
  secret: string;
  keyId?: string;
  /** WEBHOOK_SECRET, where it is set. */
  webhookSecret?: string;
  dataDir: string;
}

/**
 * Where the API is, and the key to sign with: API_URL, and API_KEY_ID with API_KEY_SECRET or HMAC_SECRET; else those of the
 * Livetran that `npm start` or the demo runs on DATA_DIR. Throws UsageError.
 */
export async function findApi(env: NodeJS.ProcessEnv, root: string): Promise<FoundApi> {
  const dataDir = env.DATA_DIR ? resolve(env.DATA_DIR) : join(root, '.livetran');
  const url = env.API_URL || (await readRunning(dataDir))?.url || 'https://localhost:8080';
  if (!URL.canParse(url)) throw new UsageError('API_URL must be a URL, e.g. https://localhost:8080');
  const webhookSecret = env.WEBHOOK_SECRET || undefined;
  const common = { url, dataDir, ...(webhookSecret && { webhookSecret }) };
  if (env.API_KEY_ID) {
    if (!env.API_KEY_SECRET) throw new UsageError('API_KEY_ID is set and API_KEY_SECRET is not; set both or none');
    return { ...common, secret: env.API_KEY_SECRET, keyId: env.API_KEY_ID };
  }
  const secret = env.HMAC_SECRET || (await readSecrets(dataDir)).HMAC_SECRET;
  if (!secret)
    throw new UsageError(`HMAC_SECRET is not set, and there is no ${secretsFile(dataDir)} (npm start makes it)`);
  return { ...common, secret };
}
