import { createHmac, timingSafeEqual } from 'node:crypto';

/** Livetran's form: hex(hmac_sha256(raw body, secret)), sent in the header LT-SIGNATURE. */
export function signBody(body: string | Buffer, secret: string): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/**
 * The resource API's and webhooks' form: `t=<unix seconds>,v1=<hex hmac_sha256("<t>.<METHOD>.<path and query>.<body>")>`.
 * A time given as text is signed as it stands, which is what a check needs ("1700000000.50").
 */
export function signRequest(
  request: { time: number | string; method: string; path: string; body: string | Buffer },
  secret: string,
): string {
  const head = `${request.time}.${request.method.toUpperCase()}.${request.path}.`;
  const digest = createHmac('sha256', secret).update(head).update(request.body).digest('hex');
  return `t=${request.time},v1=${digest}`;
}

/** Compares two signatures in a time that does not depend on where they differ. */
export function signaturesEqual(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
