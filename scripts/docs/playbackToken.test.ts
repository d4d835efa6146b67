import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { PlaybackTokens } from '../../api/auth/playbackTokens.ts';

const example = fileURLToPath(new URL('../../docs/examples/playback-token.mjs', import.meta.url));

test('docs/examples/playback-token.mjs makes tokens that the API takes', async () => {
  const key = { id: '2026-11', secret: 'a secret of thirty-two characters' };
  const env = { ...process.env, PLAYBACK_KEY_ID: key.id, PLAYBACK_SECRET: key.secret };
  const { stdout } = await promisify(execFile)(process.execPath, [example, 'show-7'], { env });
  const [, token = ''] = /^https:\/\/api\.example\/live\/([^/]+)\/show-7\/show-7\.m3u8\n$/.exec(stdout) ?? [];
  const tokens = new PlaybackTokens({ PLAYBACK_KEYS: [key], HMAC_SECRET: 'hmac secret of this test' });
  expect(tokens.check(token, 'show-7')).toBeGreaterThan(3_500_000);
  expect(() => tokens.check(token, 'show-8')).toThrow(/is for stream "show-7" only/);
});
