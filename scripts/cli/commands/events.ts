import type { CommandContext } from '../commandContext.ts';
import { follow } from './follow.ts';

/** Prints every change as a line of JSON, over all runs of the stream. It ends with Ctrl-C. */
export function events(context: CommandContext, streamId: string): Promise<number> {
  return follow(context, streamId, event => {
    context.terminal.out(JSON.stringify(event));
    return { last: false };
  });
}
