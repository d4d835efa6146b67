import type { RejectCode } from './rejectCodes.ts';

/** A caller is refused. `why`: for people. */
export interface Refusal {
  accept: false;
  code: RejectCode;
  why: string;
}

/** What becomes of a caller. */
export type Admission =
  | {
      accept: true;
      /** Of its key; undefined: it has none, and its passphrase is what counts. */
      generation?: number;
      /** The one that libsrt is to check (SRTO_PASSPHRASE); undefined: the connection must not be encrypted. */
      passphrase?: string;
    }
  | Refusal;

export const refuse = (code: RejectCode, why: string): Refusal => ({ accept: false, code, why });
