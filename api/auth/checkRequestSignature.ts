import { createHash } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Redis } from 'ioredis';
import { AppError } from '../../common/errors.ts';
import { keys } from '../../common/redis/keys.ts';
import { signaturesEqual, signRequest } from '../../common/signature.ts';
import { askRedis } from '../http/askRedis.ts';
import { rawBody } from '../http/readBody.ts';

const TOLERANCE_SECONDS = 300;
/** `t` may have a fraction, so that two equal requests in one second need not have one signature. */
const FORM = /^t=(\d{1,12}(?:\.\d{1,9})?),v1=([0-9a-f]{64})$/;

/**
 * The resource API's check: `LT-SIGNATURE: t=<unix seconds>,v1=<hex>` over time, method, path with query, and body,
 * at most 300 s off this host's clock, and good for one request only.
 */
export function checkRequestSignature(options: { secret: string; redis: Redis; now?: () => number }): RequestHandler {
  const now = options.now ?? Date.now;
  return async (request, _response, next) => {
    const given = request.get('lt-signature')?.trim();
    if (!given) throw new AppError('signature_missing', 'header LT-SIGNATURE is missing: t=<unix seconds>,v1=<hex>');
    const [, time, digest] = FORM.exec(given) ?? [];
    if (time === undefined || digest === undefined) {
      throw new AppError('signature_invalid', 'LT-SIGNATURE must be t=<unix seconds>,v1=<64 hex digits>');
    }
    const { method, originalUrl: path } = request;
    if (!signaturesEqual(given, signRequest({ time, method, path, body: rawBody(request) }, options.secret))) {
      throw new AppError('signature_invalid', 'LT-SIGNATURE does not match time, method, path and body');
    }
    if (Math.abs(now() / 1_000 - Number(time)) > TOLERANCE_SECONDS) {
      throw new AppError(
        'signature_invalid',
        `LT-SIGNATURE's time is more than ${TOLERANCE_SECONDS} s off; check the clock`,
      );
    }
    await useOnce(options.redis, given);
    next();
  };
}

async function useOnce(redis: Redis, signature: string): Promise<void> {
  const key = keys.usedSignature(createHash('sha256').update(signature).digest('hex'));
  // A signature dated at the window's far end stays good for twice the tolerance.
  const first = await askRedis(() => redis.set(key, '1', 'EX', 2 * TOLERANCE_SECONDS + 1, 'NX'));
  if (first === null) {
    throw new AppError(
      'signature_replayed',
      'LT-SIGNATURE was used before; sign again with a new time (fractions count)',
    );
  }
}
