import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signRequest } from '../common/signature.ts';
import { verifyWebhook } from './verifyWebhook.ts';
import { WebhookSignatureError } from './webhookSignatureError.ts';

const path = '/hooks?from=livetran';
const body = '{"Status":"READY","Update":"Größe %s"}';
const now = Math.floor(Date.now() / 1_000);
const signed = (secret: string, time: number | string = now): string =>
  signRequest({ time, method: 'POST', path, body }, secret);
const check = (signature: string | null, secrets: string | string[] = 'new secret', options = {}) =>
  verifyWebhook({ signature, path, body }, secrets, options);

describe('verifyWebhook', () => {
  test('resolves to the event of a webhook that Livetran signed', async () => {
    expect(await check(signed('new secret'))).toEqual({ Status: 'READY', Update: 'Größe %s' });
  });

  test('takes the raw bytes as well as text', async () => {
    const bytes = new TextEncoder().encode(body);
    expect(await verifyWebhook({ signature: signed('s'), path, body: bytes }, 's')).toEqual(JSON.parse(body));
    const part = Buffer.from(`xx${body}xx`).subarray(2, -2);
    expect(await verifyWebhook({ signature: signed('s'), path, body: part }, 's')).toEqual(JSON.parse(body));
  });

  test('during a rotation takes either secret, and a header with two signatures', async () => {
    expect(await check(signed('old secret'), ['new secret', 'old secret'])).toBeTypeOf('object');
    const both = `${signed('other secret')},${signed('new secret').split(',')[1]}`;
    expect(await check(both)).toBeTypeOf('object');
    await expect(check(signed('older secret'), ['new secret', 'old secret'])).rejects.toThrow(WebhookSignatureError);
  });

  test.each([
    ['none', null, 'is missing'],
    ['garbage', 'nonsense', 'must be t='],
    ['no time', signed('new secret').split(',')[1] ?? '', 'must be t='],
    ['an upper-case digest', signed('new secret').toUpperCase(), 'must be t='],
    ['five digests', `${signed('x')}${',v1='.padEnd(68, 'a').repeat(4)}`, 'must be t='],
    ['an old time', signed('new secret', now - 400), 'more than 300 s off'],
    ['a time to come', signed('new secret', now + 400), 'more than 300 s off'],
    ['another secret', signed('another secret'), 'does not match'],
    ['another time', signed('new secret').replace(`t=${now}`, `t=${now - 1}`), 'does not match'],
  ])('refuses %s', async (_name, signature, reason) => {
    const refused = check(signature);
    await expect(refused).rejects.toThrow(WebhookSignatureError);
    await expect(refused).rejects.toThrow(reason);
  });

  test('refuses another path and another body', async () => {
    const signature = signed('new secret');
    await expect(verifyWebhook({ signature, path: '/hooks', body }, 'new secret')).rejects.toThrow('does not match');
    await expect(verifyWebhook({ signature, path, body: `${body} ` }, 'new secret')).rejects.toThrow('does not match');
  });

  test('no message has the secret or the digest', async () => {
    const signature = signed('new secret').replace(/.$/, 'x');
    const message = await check(signature).catch((error: Error) => error.message);
    expect(message).not.toContain('new secret');
    expect(message).not.toContain(signature.slice(-60));
  });

  test('the tolerance can be set', async () => {
    expect(await check(signed('new secret', now - 400), 'new secret', { toleranceSeconds: 500 })).toBeTypeOf('object');
    const later = { toleranceSeconds: 5, now: () => (now + 6) * 1_000 };
    await expect(check(signed('new secret'), 'new secret', later)).rejects.toThrow('more than 5 s off');
  });

  test('throws nothing but its own error, whatever the header is', async () => {
    const header = fc.oneof(
      fc.string(),
      fc.string().map(text => `${signed('x')}${text}`),
      fc.stringMatching(/^[tv1=,0-9a-f]*$/),
    );
    await fc.assert(
      fc.asyncProperty(header, async signature => {
        await expect(check(signature)).rejects.toThrow(WebhookSignatureError);
      }),
    );
  });
});
