import { expect, test } from 'vitest';
import { signRequest } from '../signature.ts';
import { signWebhook } from './signWebhook.ts';

const webhook = { time: 1_700_000_000, path: '/hooks?a=1', body: '{"Status":"READY"}' };

test('one secret: the form of a request', () => {
  expect(signWebhook(webhook, ['first-secret'])).toBe(signRequest({ ...webhook, method: 'POST' }, 'first-secret'));
});

test('two secrets: one time, and a v1 for each', () => {
  const [first, second] = ['first-secret', 'second-secret'].map(secret => signWebhook(webhook, [secret]).split(','));
  expect(signWebhook(webhook, ['first-secret', 'second-secret'])).toBe(`${first?.join(',')},${second?.[1]}`);
});
