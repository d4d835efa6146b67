import type { Request, RequestHandler, Response } from 'express';
import { AppError } from '../../common/errors.ts';
import { addressGroup } from '../../common/net/addressGroup.ts';
import { signaturesEqual, signBody } from '../../common/signature.ts';
import { rawBody } from '../http/readBody.ts';
import type { Admission, LimitState } from './admission.ts';
import type { Subject } from './admissionCall.ts';
import { caller } from './caller.ts';
import { checkSignature, type SignedOnce } from './checkSignature.ts';
import type { HeldKey, KeyRing } from './keyRing.ts';
import { parseSignature } from './parseSignature.ts';
import type { Permission } from './permission.ts';
import { setRateLimitHeaders } from './rateLimitHeaders.ts';

/** A refused signature counts as so many requests of its address. */
const REFUSED_COST = 10;

/**
 * Who may call. In this order, the cheap first: the limit of the address, before a byte of the body is read; the signature, by keys that
 * are held in this process; limits, and whether the signature was used before, in one step in Redis; the scope of the key.
 */
export class Authenticator {
  readonly #ring: KeyRing;
  readonly #admission: Admission;
  readonly #perKey: number;
  readonly #perAddress: number;
  readonly #now: () => number;

  /** @param deps.perKey requests a minute (RATE_LIMIT_PER_KEY; 0: no limit) @param deps.perAddress RATE_LIMIT_PER_ADDRESS */
  constructor(deps: {
    ring: KeyRing;
    admission: Admission;
    perKey: number;
    perAddress: number;
    now?: () => number;
  }) {
    this.#ring = deps.ring;
    this.#admission = deps.admission;
    this.#perKey = deps.perKey;
    this.#perAddress = deps.perAddress;
    this.#now = deps.now ?? Date.now;
  }

  /** Refuses an address that is over its limit. Asks nobody: another process's requests count at the first that gets past it. */
  readonly limitAddress: RequestHandler = (request, response, next) => {
    const address = this.#addressOf(request);
    if (address) this.#checkPast('address', address, response);
    next();
  };

  /** Livetran's check: `LT-SIGNATURE: hex(hmac_sha256(raw body, HMAC_SECRET))`; without a body, over the empty string. */
  readonly byBody: RequestHandler = async (request, response, next) => {
    const key = this.#countRefusal(request, () => {
      const given = request.get('lt-signature')?.trim().toLowerCase();
      if (!given)
        throw new AppError(
          'signature_missing',
          'header LT-SIGNATURE is missing: hex(hmac_sha256(raw body, HMAC_SECRET))',
        );
      const held = this.#ring.find('default');
      if (!held || !signaturesEqual(given, signBody(rawBody(request), held.secret))) {
        throw new AppError(
          'signature_invalid',
          'LT-SIGNATURE does not match the body; sign its exact bytes with HMAC_SECRET',
        );
      }
      return held;
    });
    await this.#admit(request, response, key);
    next();
  };

  /** What lets a signed request pass whose key has this scope. `public`: every request. */
  permit(permission: Permission): RequestHandler {
    if (permission === 'public') return (_request, _response, next) => next();
    return async (request, response, next) => {
      const { key, once } = await this.#signerOf(request, response);
      await this.#admit(request, response, key, once);
      if (!key.scopes.includes(permission)) {
        throw new AppError(
          'forbidden',
          `the key "${key.id}" has no scope ${permission}; it has ${key.scopes.join(', ')}`,
        );
      }
      next();
    };
  }

  async #signerOf(request: Request, response: Response): Promise<{ key: HeldKey; once: SignedOnce }> {
    const header = request.get('lt-signature')?.trim();
    const parsed = header ? parseSignature(header) : undefined;
    const key = parsed && (await this.#find(parsed.keyId));
    if (key) this.#checkPast('key', this.#subjectOf(key), response);
    const { method, originalUrl: path } = request;
    const signed = { header, parsed, key, method, path, body: rawBody(request), nowMs: this.#now() };
    return this.#countRefusal(request, () => checkSignature(signed));
  }

  async #find(id: string): Promise<HeldKey | undefined> {
    const key = this.#ring.find(id);
    if (key) return key;
    // It may have been made a moment ago, through another process.
    await this.#ring.refresh();
    return this.#ring.find(id);
  }

  async #admit(request: Request, response: Response, key: HeldKey, once?: SignedOnce): Promise<void> {
    const address = this.#addressOf(request);
    const verdict = await this.#admission.admit({ address, key: this.#subjectOf(key), ...(once && { once }) });
    setRateLimitHeaders(response, verdict);
    // A change that was published may not have come yet, and a key that was revoked counts no longer.
    if (verdict.version !== this.#ring.version) await this.#ring.refresh();
    this.#countRefusal(request, () => {
      if (key.revoked.aborted) throw new AppError('key_unknown', `the key "${key.id}" was revoked`);
      if (verdict.outcome === 'replayed') {
        throw new AppError(
          'signature_replayed',
          'LT-SIGNATURE was used before; sign again with a new time (fractions count)',
        );
      }
    });
    if (verdict.outcome === 'address' || verdict.outcome === 'key') refuse(verdict.outcome, verdict[verdict.outcome]);
    caller.set(response, key);
  }

  /** What is refused counts against its address, by the next batch: nobody waits for that. */
  #countRefusal<Result>(request: Request, check: () => Result): Result {
    try {
      return check();
    } catch (error) {
      const address = this.#addressOf(request);
      if (address) void this.#admission.admit({ address, cost: REFUSED_COST }).catch(() => undefined);
      throw error;
    }
  }

  #checkPast(name: 'address' | 'key', subject: Subject | undefined, response: Response): void {
    const nextInMs = subject ? this.#admission.pastLimitFor(subject.subject) : 0;
    if (!subject || nextInMs === 0) return;
    const state = { quota: subject.quota, left: 0, fullInMs: 60_000, nextInMs };
    setRateLimitHeaders(response, { [name]: state });
    refuse(name, state);
  }

  #addressOf(request: Request): Subject | undefined {
    if (this.#perAddress === 0) return undefined;
    return { subject: `address:${addressGroup(request.ip ?? '')}`, quota: this.#perAddress };
  }

  #subjectOf(key: HeldKey): Subject | undefined {
    const quota = key.requestsPerMinute ?? this.#perKey;
    return quota === 0 ? undefined : { subject: `key:${key.id}`, quota };
  }
}

function refuse(name: 'address' | 'key', state: LimitState | undefined): never {
  const seconds = Math.max(1, Math.ceil((state?.nextInMs ?? 0) / 1_000));
  const whose = name === 'key' ? 'with this key' : 'from this address';
  const rule = `more than ${state?.quota} requests a minute ${whose}; send the next one in ${seconds} s`;
  throw new AppError('rate_limited', rule, { retryAfterSeconds: seconds });
}
