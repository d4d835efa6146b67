import { readFileSync } from 'node:fs';

/** Variables whose value may come from a file, named by `<NAME>_FILE`. */
export const secretVariables = [
  'JWT_SECRET',
  'HMAC_SECRET',
  'WEBHOOK_SECRET',
  'WEBHOOK_OLD_SECRETS',
  'API_KEYS',
  'API_KEYS_SECRET',
  'PLAYBACK_KEYS',
  'R2_ACCESS_KEY',
  'R2_SECRET_KEY',
  'ADMIN_PASSWORD',
  'ADMIN_USERS',
  'METRICS_TOKEN',
  'REDIS_URL',
] as const;

export const secretFileVariables: readonly string[] = secretVariables.map(name => `${name}_FILE`);

/**
 * The given variables with the secrets that files hold (Docker and systemd keep them so) in their places. One newline at
 * the end of a file is not part of the secret. Problems name variables, never a value or a path.
 */
export function readSecretFiles(given: Readonly<Record<string, string>>): {
  given: Record<string, string>;
  problems: string[];
} {
  const found: Record<string, string> = { ...given };
  const problems: string[] = [];
  for (const name of secretVariables) {
    const file = `${name}_FILE`;
    const path = found[file];
    delete found[file];
    if (path === undefined) continue;
    if (found[name] !== undefined) {
      problems.push(`${name}: set ${name} or ${file}, not both`);
      continue;
    }
    const { text, problem } = readText(path);
    if (problem !== undefined) problems.push(`${file}: ${problem}`);
    else found[name] = text;
  }
  return { given: found, problems };
}

function readText(path: string): { text: string; problem?: string } {
  try {
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return text === '' ? { text, problem: 'the file is empty' } : { text };
  } catch (error) {
    return { text: '', problem: `the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})` };
  }
}
