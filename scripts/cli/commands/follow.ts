import { setTimeout as pause } from 'node:timers/promises';
import { UnreachableError } from '../../lib/request.ts';
import type { CommandContext } from '../commandContext.ts';
import type { EventView } from '../livetranClient.ts';

const AGAIN_MS = 1_000;
/** How long an API that does not answer is waited for (a restart). */
const AWAY_MS = 60_000;

/** Shows a stream's events until the last one, also over a restart of the API. */
export async function follow(
  { client, terminal: { err } }: CommandContext,
  streamId: string,
  show: (event: EventView) => { last: boolean },
): Promise<number> {
  let shown: string | undefined;
  let awaySince: number | undefined;
  for (;;) {
    try {
      for await (const event of client.events(streamId)) {
        if (awaySince !== undefined) err('the API is back');
        awaySince = undefined;
        // Each new connection begins with the present state, which may have been shown.
        if (event.event_id === shown) continue;
        shown = event.event_id;
        if (show(event).last) return 0;
      }
    } catch (error) {
      // Before the first answer it is more likely a wrong URL than a restart.
      if (!(error instanceof UnreachableError) || shown === undefined) throw error;
      if (awaySince === undefined) err(`${error.message}; trying again`);
      awaySince ??= performance.now();
      if (performance.now() - awaySince > AWAY_MS) throw error;
    }
    await pause(AGAIN_MS);
  }
}
