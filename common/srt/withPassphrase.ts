/** FFmpeg, OBS and srt-live-transmit do not decode a URL; GStreamer does. These need no encoding, so all read the same. */
const PLAIN = /^[A-Za-z0-9._~-]+$/;

/** AES-256; the caller decides (SRTO_PBKEYLEN). */
const KEY_BYTES = 32;

/** An SRT URL with the passphrase in it, as encoders accept it; undefined: the passphrase has signs that they read differently. */
export const withPassphrase = (url: string, passphrase: string): string | undefined =>
  PLAIN.test(passphrase) ? `${url}&passphrase=${passphrase}&pbkeylen=${KEY_BYTES}` : undefined;
