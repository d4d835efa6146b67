import type { Response } from 'express';
import type { HeldKey } from './keyRing.ts';

/** Who calls: the key that signed the request, or a person at a page of the control room. */
export interface Caller {
  /** The id of the key, or `person:<name>`. HMAC_SECRET is the key `default`. */
  keyId: string;
  /** Absent where the route is public, and for a person who has logged in. */
  key?: HeldKey;
}

const signers = new WeakMap<Response, Caller>();

/** Set by the check of the signature, read by the routes behind it. */
export const caller = {
  set: (response: Response, key: HeldKey): void => void signers.set(response, { keyId: key.id, key }),
  setPerson: (response: Response, name: string): void => void signers.set(response, { keyId: `person:${name}` }),
  of: (response: Response): Caller => signers.get(response) ?? { keyId: 'default' },
};
