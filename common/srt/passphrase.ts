import { z } from 'zod';

const least = 10;
const most = 79;
const error = `must have ${least} to ${most} bytes and no control characters`;
const hasControls = /\p{Cc}/u;

/** A stream's SRT passphrase (SRTO_PASSPHRASE). libsrt derives the AES key from it. Never to be logged. */
export const passphrase = z
  .string({ error })
  .refine(
    text => {
      const bytes = Buffer.byteLength(text);
      return bytes >= least && bytes <= most && !hasControls.test(text);
    },
    { error },
  )
  // JSON Schema counts characters, of which each has up to four bytes.
  .meta({ minLength: Math.ceil(least / 4), maxLength: most });
