import { createHmac } from 'node:crypto';

const LABEL = 'livetran webhooks v1';

/**
 * The secret that signs webhooks where WEBHOOK_SECRET is not set: hex(hmac_sha256(label, HMAC_SECRET)). A receiver that
 * knows it can check webhooks and cannot sign API requests.
 */
export function deriveWebhookSecret(hmacSecret: string): string {
  return createHmac('sha256', hmacSecret).update(LABEL).digest('hex');
}
