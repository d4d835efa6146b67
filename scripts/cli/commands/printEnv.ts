import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { deriveWebhookSecret } from '../../../common/webhooks/deriveWebhookSecret.ts';
import type { LocalContext } from '../commandContext.ts';

/**
 * Prints what an app's programs need, as commands of a shell or as JSON. WEBHOOK_SECRET is the one that Livetran derives where none is
 * set. Node gets to know the certificate that Livetran has made for itself.
 */
export async function printEnv({ terminal, json, find }: LocalContext): Promise<number> {
  const { url, secret, keyId, webhookSecret, dataDir } = await find();
  const certificate = join(dataDir, 'keys', 'localhost.pem');
  const hasCertificate =
    url.startsWith('https:') &&
    (await access(certificate).then(
      () => true,
      () => false,
    ));
  const variables = {
    API_URL: url,
    ...(keyId === undefined
      ? { HMAC_SECRET: secret, WEBHOOK_SECRET: webhookSecret ?? deriveWebhookSecret(secret) }
      : { API_KEY_ID: keyId, API_KEY_SECRET: secret }),
    ...(hasCertificate && { NODE_EXTRA_CA_CERTS: certificate }),
  };
  if (json) terminal.out(JSON.stringify(variables));
  else for (const [name, value] of Object.entries(variables)) terminal.out(`export ${name}=${quoted(value)}`);
  return 0;
}

/** For a shell, whatever signs it has. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
