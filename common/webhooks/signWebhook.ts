import { signRequest } from '../signature.ts';

/**
 * The header LT-SIGNATURE of a webhook: `t=<unix seconds>,v1=<hex>`, with a `v1` for each secret. During a rotation there are
 * two: a receiver takes the webhook when any of them is right.
 * @param webhook.path path and query of the receiver's URL @param webhook.time s
 */
export function signWebhook(
  webhook: { time: number; path: string; body: string },
  secrets: readonly [string, ...string[]],
): string {
  const signatures = secrets.map(secret => signRequest({ ...webhook, method: 'POST' }, secret));
  return [signatures[0], ...signatures.slice(1).map(text => text.slice(text.indexOf('v1=')))].join(',');
}
