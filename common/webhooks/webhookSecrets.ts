import { deriveWebhookSecret } from './deriveWebhookSecret.ts';

/** What signs webhooks: WEBHOOK_SECRET, or what is derived from HMAC_SECRET; then those of WEBHOOK_OLD_SECRETS. */
export function webhookSecrets(config: {
  WEBHOOK_SECRET?: string | undefined;
  WEBHOOK_OLD_SECRETS?: readonly string[] | undefined;
  HMAC_SECRET: string;
}): [string, ...string[]] {
  return [config.WEBHOOK_SECRET ?? deriveWebhookSecret(config.HMAC_SECRET), ...(config.WEBHOOK_OLD_SECRETS ?? [])];
}
