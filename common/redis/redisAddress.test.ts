import { expect, test } from 'vitest';
import { redisAddress } from './redisAddress.ts';

test.each([
  ['redis://127.0.0.1:6379', { kind: 'server', host: '127.0.0.1:6379' }],
  ['rediss://user:word@cache.example/3', { kind: 'server', host: 'cache.example' }],
  [
    'redis+sentinel://a:26380,b,[::1]:5/main',
    {
      ...{ kind: 'sentinel', name: 'main', db: 0, tls: false },
      sentinels: [
        { host: 'a', port: 26_380 },
        { host: 'b', port: 26_379 },
        { host: '::1', port: 5 },
      ],
    },
  ],
  [
    'rediss+sentinel://app:p%40ss@s.example:1/my-main/2?sentinel_username=s&sentinel_password=q%26',
    {
      ...{ kind: 'sentinel', name: 'my-main', db: 2, tls: true, sentinels: [{ host: 's.example', port: 1 }] },
      ...{ username: 'app', password: 'p@ss', sentinelUsername: 's', sentinelPassword: 'q&' },
    },
  ],
  [
    'redis+sentinel://:word@a/main',
    { kind: 'sentinel', name: 'main', db: 0, tls: false, password: 'word', sentinels: [{ host: 'a', port: 26_379 }] },
  ],
])('%s', (url, address) => {
  expect(redisAddress(url)).toEqual(address);
});

test.each([
  ['localhost:6379'],
  ['http://a'],
  ['redis+sentinel://a:26379'],
  ['redis+sentinel://a:26379/'],
  ['redis+sentinel:///main'],
  ['redis+sentinel://a:99999/main'],
  ['redis+sentinel://a,,b/main'],
  ['redis+sentinel://a/main?password=x'],
  ['redis+sentinel://:%zz@a/main'],
])('%s is none', url => {
  expect(redisAddress(url)).toBeUndefined();
});
