import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from './loadConfig.ts';
import { secretVariables } from './secretFiles.ts';
import { variables } from './variables.ts';

const dir = mkdtempSync(join(tmpdir(), 'livetran-secrets-'));
afterAll(() => rmSync(dir, { recursive: true }));

function file(text: string): string {
  const path = join(dir, `${Math.random()}`);
  writeFileSync(path, text);
  return path;
}

const secret = 'sixteen-letters!';

describe('secrets from files', () => {
  const playbackKeys = [{ id: 'a', secret: 'x'.repeat(32) }];

  test.each(secretVariables)('%s_FILE gives %s', name => {
    const values: Record<string, string> = {
      ...{ REDIS_URL: 'redis://user:password@redis:6379', ADMIN_USERS: '# nobody', API_KEYS: '[]' },
      PLAYBACK_KEYS: JSON.stringify(playbackKeys),
    };
    const value = values[name] ?? secret;
    expect(Object.keys(variables.shape)).toContain(name);
    const { config, warnings } = loadConfig(
      { [`${name}_FILE`]: file(value), API_URL: 'http://x', STORAGE: 'file' },
      [],
    );
    const lists: Record<string, readonly unknown[]> = {
      ADMIN_USERS: [],
      API_KEYS: [],
      WEBHOOK_OLD_SECRETS: [secret],
      PLAYBACK_KEYS: playbackKeys,
    };
    expect(config[name]).toEqual(lists[name] ?? value);
    expect(warnings).toEqual([]);
  });

  test.each([
    [`${secret}\n`, secret],
    [`${secret}\r\n`, secret],
    [`${secret}\n\n`, `${secret}\n`],
    [` ${secret} `, ` ${secret} `],
  ])('of %j one newline at the end is left out', (text, value) => {
    expect(loadConfig({ HMAC_SECRET_FILE: file(text) }, ['HMAC_SECRET']).config.HMAC_SECRET).toBe(value);
  });

  test('an empty variable counts as not set', () => {
    expect(loadConfig({ HMAC_SECRET_FILE: '', HMAC_SECRET: secret }).config.HMAC_SECRET).toBe(secret);
  });

  test.each([
    [
      'both',
      { HMAC_SECRET: secret, HMAC_SECRET_FILE: file(secret) },
      'HMAC_SECRET: set HMAC_SECRET or HMAC_SECRET_FILE, not both',
    ],
    ['a file that is not there', { JWT_SECRET_FILE: '/no/such' }, 'JWT_SECRET_FILE: the file cannot be read (ENOENT)'],
    ['a folder', { JWT_SECRET_FILE: dir }, 'JWT_SECRET_FILE: the file cannot be read (EISDIR)'],
    ['an empty file', { ADMIN_PASSWORD_FILE: file('\n') }, 'ADMIN_PASSWORD_FILE: the file is empty'],
    ['a short secret', { HMAC_SECRET_FILE: file('short') }, 'HMAC_SECRET: must have at least 16 characters'],
  ])('refuses %s, by name and rule', (_, environment, problem) => {
    expect(() => loadConfig(environment)).toThrow(`the configuration has 1 problem(s):\n  ${problem}`);
  });

  test('a misspelt one is a warning that names the nearest', () => {
    expect(loadConfig({ HMAC_SECRET_FIEL: 'x' }).warnings).toEqual([expect.stringContaining('HMAC_SECRET_FILE')]);
  });
});
