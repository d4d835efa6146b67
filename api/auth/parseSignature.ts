/** The header LT-SIGNATURE in its request form, taken apart. */
export interface ParsedSignature {
  /** `default` where the header names none. */
  keyId: string;
  /** Unix seconds as they were written: signed so. May have a fraction, so that two equal requests in one second differ. */
  time: string;
  /** 64 hex digits. */
  digest: string;
}

const FORM = /^(?:k=([A-Za-z0-9_-]{1,64}),)?t=(\d{1,12}(?:\.\d{1,9})?),v1=([0-9a-f]{64})$/;

/** Undefined for anything that is not `[k=<key id>,]t=<unix seconds>,v1=<64 hex digits>`. */
export function parseSignature(header: string): ParsedSignature | undefined {
  const [, keyId = 'default', time, digest] = FORM.exec(header) ?? [];
  return time === undefined || digest === undefined ? undefined : { keyId, time, digest };
}
