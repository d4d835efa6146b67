import { expect, test } from 'vitest';
import { demoEnvironment } from './demoEnvironment.ts';

test('takes programs and ports from the user', async () => {
  const user = { PATH: '/bin', FFMPEG: '/opt/ffmpeg', API_PORT: '18080', SRT_PORTS: '21000-21009' };
  expect(await demoEnvironment(user)).toMatchObject({ ...user, API_PUBLIC_URL: 'https://localhost:18080' });
});

test('takes nothing that leads to the user’s bucket or Redis', async () => {
  const user = { R2_ACCOUNT_ID: 'a', R2_ACCESS_KEY: 'b', BUCKET_NAME: 'live', REDIS_URL: 'redis://r', STORAGE: 'r2' };
  const env = await demoEnvironment(user);
  expect(env).toMatchObject({ STORAGE: 'file' });
  for (const name of ['R2_ACCOUNT_ID', 'R2_ACCESS_KEY', 'BUCKET_NAME', 'REDIS_URL']) expect(env[name]).toBeUndefined();
});

test('finds a port where the user names none', async () => {
  expect(Number((await demoEnvironment({ API_PORT: '' })).API_PORT)).toBeGreaterThan(0);
});
