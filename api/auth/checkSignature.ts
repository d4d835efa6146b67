import { AppError } from '../../common/errors.ts';
import { signaturesEqual, signRequest } from '../../common/signature.ts';
import type { Request } from './admissionCall.ts';
import type { ApiKey } from './apiKey.ts';
import type { ParsedSignature } from './parseSignature.ts';

export const TOLERANCE_SECONDS = 300;
/** Of a digest: 96 bits tell all signatures of a second apart, in a third of the memory. */
const DIGEST_DIGITS = 24;

export type SignedOnce = NonNullable<Request['once']>;

/**
 * The resource API's check: `LT-SIGNATURE: [k=<key id>,]t=<unix seconds>,v1=<hex>` over time, method, path with query, and body, at
 * most 300 s off this host's clock. Returns the key, and what makes the signature good for one request only. Throws `signature_missing`, `signature_invalid`,
 * `key_unknown` and `key_expired`.
 * @param request.parsed the header, taken apart; undefined: it has another form
 * @param request.key the key that the header names; undefined: there is none
 */
export function checkSignature<Key extends ApiKey>(request: {
  header: string | undefined;
  parsed: ParsedSignature | undefined;
  key: Key | undefined;
  method: string;
  path: string;
  body: Buffer;
  nowMs: number;
}): { key: Key; once: SignedOnce } {
  const { header, parsed, key, nowMs } = request;
  if (!header) throw new AppError('signature_missing', 'header LT-SIGNATURE is missing: t=<unix seconds>,v1=<hex>');
  if (!parsed) {
    const rule =
      'LT-SIGNATURE must be t=<unix seconds>,v1=<64 hex digits>, after k=<key id>, for another key than HMAC_SECRET';
    throw new AppError('signature_invalid', rule);
  }
  const { keyId, time, digest } = parsed;
  if (!key)
    throw new AppError('key_unknown', `LT-SIGNATURE names the key "${keyId}"; there is none, or it was revoked`);
  const expected = signRequest({ ...request, time }, key.secret);
  if (!signaturesEqual(`t=${time},v1=${digest}`, expected)) {
    throw new AppError('signature_invalid', 'LT-SIGNATURE does not match time, method, path and body');
  }
  const ageSeconds = nowMs / 1_000 - Number(time);
  if (Math.abs(ageSeconds) > TOLERANCE_SECONDS) {
    const rule = `LT-SIGNATURE's time is more than ${TOLERANCE_SECONDS} s off; check the clock`;
    throw new AppError('signature_invalid', rule);
  }
  if (key.notAfter !== undefined && nowMs >= key.notAfter) {
    throw new AppError('key_expired', `the key "${key.id}" was good until ${new Date(key.notAfter).toISOString()}`);
  }
  const goodForMs = (TOLERANCE_SECONDS - ageSeconds) * 1_000;
  return { key, once: { second: Math.floor(Number(time)), goodForMs, digest: digest.slice(0, DIGEST_DIGITS) } };
}
