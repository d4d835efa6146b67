import type { StartStream, Stream } from '../../../client/index.ts';
import { waitUntil } from '../../lib/waitUntil.ts';
import type { CommandContext } from '../commandContext.ts';
import { encoderUrl } from '../encoderUrl.ts';

const READY_MS = 30_000;

/** The options of the command line. */
export interface StartFlags
  extends Pick<
    StartStream,
    'abr' | 'profile' | 'latency' | 'playback' | 'record' | 'dvr' | 'passphrase' | 'title' | 'metadata'
  > {
  maxDuration?: number;
  webhook?: string[];
  url?: boolean;
}

/** Starts a stream and waits for its SRT URL. Exit code 1 when no worker took it, or when it stopped at once. */
export async function start(
  { client, terminal, json }: CommandContext,
  wantedId: string | undefined,
  flags: StartFlags,
): Promise<number> {
  const { url: isUrlAlone, passphrase } = flags;
  const { out, err } = terminal;
  const { stream_id: streamId } = await client.streams.create(requestOf(wantedId, flags));
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
  else if (isUrlAlone) out(encoderUrl(taken.srt_url, passphrase, terminal));
  else {
    out(`SRT URL     ${encoderUrl(taken.srt_url, passphrase, terminal)}`);
    out(`Watch page  ${client.url}/watch/${streamId}`);
  }
  return 0;
}

/** What was not given is left to the API. */
function requestOf(streamId: string | undefined, flags: StartFlags): StartStream {
  const {
    abr,
    profile,
    latency,
    playback,
    record,
    dvr,
    passphrase,
    title,
    metadata,
    maxDuration,
    webhook = [],
  } = flags;
  const given = { abr, profile, latency, playback, record, dvr, passphrase, title, metadata };
  const named = { stream_id: streamId, ...given, max_duration_seconds: maxDuration };
  return { ...named, ...(webhook.length > 0 && { webhook_urls: webhook }) };
}
