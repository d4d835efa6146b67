import { withPassphrase } from '../../../common/srt/withPassphrase.ts';
import { waitUntil } from '../../lib/waitUntil.ts';
import type { CommandContext } from '../commandContext.ts';
import type { StartOptions, StreamView } from '../livetranClient.ts';

const READY_MS = 30_000;

/** Starts a stream and waits for its SRT URL. Exit code 1 when no worker took it, or when it stopped at once. */
export async function start(
  { client, terminal: { out, err }, json }: CommandContext,
  streamId: string,
  { url: isUrlAlone, ...options }: StartOptions & { url?: boolean },
): Promise<number> {
  await client.start(streamId, options);
  err(`${streamId}: started, waiting for a worker …`);
  let last: StreamView | undefined;
  const ready = async (): Promise<StreamView | false> => {
    last = await client.get(streamId);
    return last.srt_url || last.state === 'STOPPED' ? last : false;
  };
  const stream = await waitUntil('a worker', ready, { timeoutMs: READY_MS, everyMs: 200 }).catch((error: unknown) => {
    if (last?.state !== 'INITIALISED') throw error;
  });
  if (!stream) {
    err(`${streamId}: no worker has taken it yet (${last?.update ?? last?.reason}); "watch ${streamId}" follows it`);
    return 1;
  }
  if (!stream.srt_url || stream.state === 'STOPPED') {
    err(`${streamId}: STOPPED, ${stream.reason}: ${stream.update ?? ''}`);
    return 1;
  }
  if (json) out(JSON.stringify(stream));
  else if (isUrlAlone) out(encoderUrl(stream.srt_url, options, err));
  else {
    out(`SRT URL     ${encoderUrl(stream.srt_url, options, err)}`);
    out(`Watch page  ${client.url}/watch/${streamId}`);
  }
  return 0;
}

/** With the passphrase, where encoders read it as it is written. */
function encoderUrl(url: string, { passphrase }: StartOptions, err: (line: string) => void): string {
  if (passphrase === undefined) return url;
  const whole = withPassphrase(url, passphrase);
  if (whole === undefined)
    err('The passphrase has signs that encoders read differently in a URL: set it in the encoder.');
  return whole ?? url;
}
