import type { FollowOptions, StreamEvent } from '../../../client/index.ts';
import type { CommandContext } from '../commandContext.ts';

/** How long an API that does not answer is waited for (a restart). */
const AWAY_MS = 60_000;

/** Reports that the API is away and that it is back, and gives up after a minute. */
export const awayOptions = ({ terminal: { err }, signal }: CommandContext): FollowOptions => ({
  onDisconnect: error => err(`${error.message}; trying again`),
  onReconnect: () => err('the API is back'),
  giveUpMs: AWAY_MS,
  ...(signal && { signal }),
});

/** Shows a stream's events until the last one, also over a restart of the API. */
export async function follow(
  context: CommandContext,
  streamId: string,
  show: (event: StreamEvent) => { last: boolean },
): Promise<number> {
  for await (const event of context.client.streams.events(streamId, awayOptions(context))) {
    if (show(event).last) return 0;
  }
  return 0;
}
