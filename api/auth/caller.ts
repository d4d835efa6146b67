import type { Response } from 'express';
import type { HeldKey } from './keyRing.ts';

/** Who signed the request. */
export interface Caller {
  /** The id of the key. HMAC_SECRET is the key `default`. */
  keyId: string;
  /** Absent where the route is public. */
  key?: HeldKey;
}

const signers = new WeakMap<Response, Caller>();

/** Set by the check of the signature, read by the routes behind it. */
export const caller = {
  set: (response: Response, key: HeldKey): void => void signers.set(response, { keyId: key.id, key }),
  of: (response: Response): Caller => signers.get(response) ?? { keyId: 'default' },
};
