import { ApiError, ConnectionError, type Stream } from '../../../client/index.ts';
import { waitUntil } from '../../lib/waitUntil.ts';
import type { CommandContext } from '../commandContext.ts';

/** An owner's last uploads may take so long; a stream without an owner waits for a worker. */
const STOPPED_MS = 60_000;

/** Stops a stream and waits until it has stopped. Exit code 1 when that takes longer than a minute. */
export async function stop(
  { client, terminal: { out, err }, json }: CommandContext,
  streamId: string,
  { wait, complete }: { wait: boolean; complete?: boolean },
): Promise<number> {
  const asked = await (complete ? client.streams.complete(streamId) : client.streams.stop(streamId));
  if (!wait) {
    out(json ? JSON.stringify(asked) : `${streamId}: ${asked.state === 'STOPPED' ? 'stopped' : 'stopping'}`);
    return 0;
  }
  if (asked.state !== 'STOPPED') err(`${streamId}: stopping …`);
  const stopped = async (): Promise<Stream | false> => {
    const stream = await client.streams.get(streamId);
    return stream.state === 'STOPPED' ? stream : false;
  };
  const stream = await waitUntil('STOPPED', stopped, { timeoutMs: STOPPED_MS, everyMs: 200 }).catch(
    (error: unknown) => {
      if (error instanceof ApiError || error instanceof ConnectionError) throw error;
    },
  );
  if (!stream) {
    err(`${streamId}: still stopping: no worker has finished it yet. "watch ${streamId}" follows it`);
    return 1;
  }
  if (json) out(JSON.stringify(stream));
  else {
    out(`${streamId}: stopped (${stream.reason ?? 'no reason'})`);
    if (stream.recording_link) out(`Recording   ${stream.recording_link}`);
  }
  return 0;
}
