import { join, resolve } from 'node:path';
import { readRunning } from '../embedded/runningFile.ts';
import { readSecrets } from '../embedded/secrets.ts';

/**
 * Where the API is, and the secret to sign with: API_URL and HMAC_SECRET, else those of the Livetran that `npm start` or
 * the demo runs on DATA_DIR.
 */
export async function findApi(
  env: NodeJS.ProcessEnv,
  root: string,
): Promise<{ url: string; secret: string | undefined; dataDir: string }> {
  const dataDir = env.DATA_DIR ? resolve(env.DATA_DIR) : join(root, '.livetran');
  const url = env.API_URL || (await readRunning(dataDir))?.url || 'https://localhost:8080';
  const secret = env.HMAC_SECRET || (await readSecrets(dataDir)).HMAC_SECRET;
  return { url, secret, dataDir };
}
