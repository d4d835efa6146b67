import type { StreamEvent } from '../../../client/index.ts';
import type { CommandContext } from '../commandContext.ts';

/** How long an API that does not answer is waited for (a restart). */
const AWAY_MS = 60_000;

/** Shows a stream's events until the last one, also over a restart of the API. */
export async function follow(
  { client, terminal: { err }, signal }: CommandContext,
  streamId: string,
  show: (event: StreamEvent) => { last: boolean },
): Promise<number> {
  const events = client.streams.events(streamId, {
    onDisconnect: error => err(`${error.message}; trying again`),
    onReconnect: () => err('the API is back'),
    giveUpMs: AWAY_MS,
    ...(signal && { signal }),
  });
  for await (const event of events) if (show(event).last) return 0;
  return 0;
}
