import { createHmac } from 'node:crypto';

const LABEL = 'livetran origin v1';

/**
 * What an API shows a worker's origin (`authorization: Bearer <key>`): hex(hmac_sha256(label, HMAC_SECRET)). It opens nothing
 * else: one that sees it cannot sign API requests.
 */
export function originKey(hmacSecret: string): string {
  return createHmac('sha256', hmacSecret).update(LABEL).digest('hex');
}
