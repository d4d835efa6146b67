import type { Response } from 'express';

/** Who signed the request. */
export interface Caller {
  /** The id of the key. HMAC_SECRET is the key `default`. */
  keyId: string;
}

const signers = new WeakMap<Response, Caller>();

/** Set by the check of the signature, read by the routes behind it. */
export const caller = {
  set: (response: Response, of: Caller): void => void signers.set(response, of),
  of: (response: Response): Caller => signers.get(response) ?? { keyId: 'default' },
};
