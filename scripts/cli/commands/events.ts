import type { CommandContext } from '../commandContext.ts';
import { awayOptions, follow } from './follow.ts';

/** Prints every change of a stream, or of all streams, as a line of JSON, over all runs. It ends with Ctrl-C. */
export async function events(context: CommandContext, streamId: string | undefined): Promise<number> {
  const { client, terminal } = context;
  if (streamId !== undefined) {
    return follow(context, streamId, event => {
      terminal.out(JSON.stringify(event));
      return { last: false };
    });
  }
  const onGap = (): void => terminal.err('some events are missing: the connection was away for too long');
  for await (const event of client.events({ ...awayOptions(context), onGap })) terminal.out(JSON.stringify(event));
  return 0;
}
