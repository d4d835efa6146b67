import { withPassphrase } from '../../common/srt/withPassphrase.ts';

/** An SRT URL with the passphrase, where encoders read it as it is written. */
export function encoderUrl(
  url: string,
  passphrase: string | null | undefined,
  { err }: { err: (line: string) => void },
): string {
  if (!passphrase) return url;
  const whole = withPassphrase(url, passphrase);
  if (whole === undefined)
    err('The passphrase has signs that encoders read differently in a URL: set it in the encoder.');
  return whole ?? url;
}
