/** A request that is not a webhook of this Livetran: answer it with 400. The message says why, never a secret. */
export class WebhookSignatureError extends Error {
  override readonly name = 'WebhookSignatureError';
}
