import type { RequestHandler } from 'express';
import { AppError } from '../../common/errors.ts';
import { signaturesEqual, signBody } from '../../common/signature.ts';
import { rawBody } from '../http/readBody.ts';

/** Livetran's check: `LT-SIGNATURE: hex(hmac_sha256(raw body, secret))`; without a body, over the empty string. */
export function checkBodySignature(secret: string): RequestHandler {
  return (request, _response, next) => {
    const given = request.get('lt-signature')?.trim().toLowerCase();
    if (!given) {
      throw new AppError(
        'signature_missing',
        'header LT-SIGNATURE is missing: hex(hmac_sha256(raw body, HMAC_SECRET))',
      );
    }
    if (!signaturesEqual(given, signBody(rawBody(request), secret))) {
      throw new AppError(
        'signature_invalid',
        'LT-SIGNATURE does not match the body; sign its exact bytes with HMAC_SECRET',
      );
    }
    next();
  };
}
