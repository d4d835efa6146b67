import type { CommandContext } from '../commandContext.ts';
import { encoderUrl } from '../encoderUrl.ts';

/** The options of the command line; false: `--no-passphrase`. */
export interface KeyFlags {
  revoke?: boolean;
  passphrase?: string | boolean;
  url?: boolean;
}

/** Makes a new stream key and prints the SRT URL that has it. Exit code 1 when no worker has made it yet. */
export async function key(
  { client, terminal, json }: CommandContext,
  streamId: string,
  { revoke, passphrase, url: isUrlAlone }: KeyFlags,
): Promise<number> {
  const isNew = typeof passphrase === 'string';
  const before = (await client.streams.get(streamId)).srt_url;
  const stream = await client.streams.rotateKey(streamId, {
    ...(revoke && { revoke }),
    ...(isNew ? { passphrase } : passphrase === false && { passphrase: null }),
  });
  if (!stream.srt_url || stream.srt_url === before) {
    terminal.err(`${streamId}: the new key is not made yet; "watch ${streamId}" shows when it is (key_rotated)`);
    return 1;
  }
  const url = encoderUrl(stream.srt_url, isNew ? passphrase : undefined, terminal);
  if (json) terminal.out(JSON.stringify(stream));
  else terminal.out(isUrlAlone ? url : `SRT URL     ${url}`);
  return 0;
}
