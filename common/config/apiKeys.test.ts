import { describe, expect, test } from 'vitest';
import { loadConfig } from './loadConfig.ts';

const key = { id: 'app', secret: 'sixteen letters!', scopes: ['streams:read'] };
const load = (...list: object[]) => loadConfig({ API_KEYS: JSON.stringify(list) }).config.API_KEYS;

describe('API_KEYS', () => {
  test('takes keys with and without limits', () => {
    const limits = { requests_per_minute: 600, max_streams: 3, starts_per_minute: 10 };
    const full = { ...key, id: 'b', not_after: '2027-01-31T00:00:00+01:00', ...limits };
    expect(load(key, full, { ...key, id: 'c', scopes: ['admin', 'admin'] })).toEqual([
      key,
      full,
      { ...key, id: 'c', scopes: ['admin'] },
    ]);
  });

  test.each([
    ['no scope', [{ ...key, scopes: [] }], 'must have at least one scope'],
    ['an unknown scope', [{ ...key, scopes: ['all'] }], 'must be some of streams:read, streams:write, admin'],
    ['a short secret', [{ ...key, secret: 'short' }], 'must have at least 16 characters'],
    ['an unknown field', [{ ...key, scope: 'admin' }], 'scope'],
    ['no id', [{ ...key, id: undefined }], 'API_KEYS[0][id]: must be a text'],
    ['an id with a comma', [{ ...key, id: 'a,b' }], 'must be 1 to 64 of'],
    ['one id twice', [key, key], 'API_KEYS[1][id]: another key has this id'],
    ['the id of HMAC_SECRET', [{ ...key, id: 'default' }], 'default is the key of HMAC_SECRET'],
    ['a date without time', [{ ...key, not_after: '2027-01-31' }], 'must be a time in ISO 8601'],
  ])('refuses %s, and shows no secret', (_name, list, rule) => {
    let message = '';
    try {
      load(...list);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain(rule);
    expect(message).not.toMatch(/sixteen letters!|short/);
  });
});
