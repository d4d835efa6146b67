import type { StartStream, Stream } from '../../../client/index.ts';
import { withPassphrase } from '../../../common/srt/withPassphrase.ts';
import { waitUntil } from '../../lib/waitUntil.ts';
import type { CommandContext } from '../commandContext.ts';

const READY_MS = 30_000;

/** The options of the command line. */
export interface StartFlags extends Pick<StartStream, 'abr' | 'profile' | 'latency' | 'record' | 'dvr' | 'passphrase'> {
  webhook?: string[];
  url?: boolean;
}

/** Starts a stream and waits for its SRT URL. Exit code 1 when no worker took it, or when it stopped at once. */
export async function start(
  { client, terminal: { out, err }, json }: CommandContext,
  streamId: string,
  flags: StartFlags,
): Promise<number> {
  const { url: isUrlAlone, passphrase } = flags;
  await client.streams.create(requestOf(streamId, flags));
  err(`${streamId}: started, waiting for a worker …`);
  let last: Stream | undefined;
  const ready = async (): Promise<Stream | false> => {
    last = await client.streams.get(streamId);
    return last.srt_url || last.state === 'STOPPED' ? last : false;
  };
  const taken = await waitUntil('a worker', ready, { timeoutMs: READY_MS, everyMs: 200 }).catch((error: unknown) => {
    if (last?.state !== 'INITIALISED') throw error;
  });
  if (!taken) {
    err(`${streamId}: no worker has taken it yet (${last?.update ?? last?.reason}); "watch ${streamId}" follows it`);
    return 1;
  }
  if (!taken.srt_url || taken.state === 'STOPPED') {
    err(`${streamId}: STOPPED, ${taken.reason}: ${taken.update ?? ''}`);
    return 1;
  }
  if (json) out(JSON.stringify(taken));
  else if (isUrlAlone) out(encoderUrl(taken.srt_url, passphrase, err));
  else {
    out(`SRT URL     ${encoderUrl(taken.srt_url, passphrase, err)}`);
    out(`Watch page  ${client.url}/watch/${streamId}`);
  }
  return 0;
}

/** What was not given is left to the API. */
function requestOf(streamId: string, flags: StartFlags): StartStream {
  const { abr, profile, latency, record, dvr, passphrase, webhook = [] } = flags;
  const given = { abr, profile, latency, record, dvr, passphrase };
  return { stream_id: streamId, ...given, ...(webhook.length > 0 && { webhook_urls: webhook }) };
}

/** With the passphrase, where encoders read it as it is written. */
function encoderUrl(url: string, passphrase: string | null | undefined, err: (line: string) => void): string {
  if (!passphrase) return url;
  const whole = withPassphrase(url, passphrase);
  if (whole === undefined)
    err('The passphrase has signs that encoders read differently in a URL: set it in the encoder.');
  return whole ?? url;
}
