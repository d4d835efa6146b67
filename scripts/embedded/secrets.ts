import { randomBytes } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const stored = z.object({
  JWT_SECRET: z.string().optional(),
  HMAC_SECRET: z.string().optional(),
  ADMIN_PASSWORD: z.string().optional(),
});

export type Secrets = Required<z.infer<typeof stored>>;

export const secretsFile = (dataDir: string): string => join(dataDir, 'secrets.json');

/** The secrets that were made for this data folder; {} when none were yet. */
export async function readSecrets(dataDir: string): Promise<Partial<Secrets>> {
  const file = secretsFile(dataDir);
  try {
    return stored.parse(JSON.parse(await readFile(file, 'utf8'))) as Partial<Secrets>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Error(`${file} cannot be used; correct it, or remove it, and new secrets are made`, { cause: error });
  }
}

/** Reads the secrets of a data folder, and makes those that are missing: once, readable by their owner only. */
export async function loadSecrets(dataDir: string): Promise<Secrets> {
  const known = await readSecrets(dataDir);
  const secrets: Secrets = {
    JWT_SECRET: known.JWT_SECRET ?? randomBytes(32).toString('hex'),
    HMAC_SECRET: known.HMAC_SECRET ?? randomBytes(32).toString('hex'),
    ADMIN_PASSWORD: known.ADMIN_PASSWORD ?? randomBytes(12).toString('base64url'),
  };
  const file = secretsFile(dataDir);
  if (Object.keys(known).length < Object.keys(secrets).length) {
    const temporary = `${file}.tmp`;
    await writeFile(temporary, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
    await rename(temporary, file);
  }
  await chmod(file, 0o600);
  return secrets;
}
