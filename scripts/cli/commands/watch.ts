import type { CommandContext } from '../commandContext.ts';
import { follow } from './follow.ts';

/** Prints a line for every change until the stream has stopped. */
export function watch(context: CommandContext, streamId: string): Promise<number> {
  const { out } = context.terminal;
  return follow(context, streamId, event => {
    const { state, reason, update, stream_link: link, recording_link: recording, time } = event;
    const text = [state, reason, update, state === 'STOPPED' ? recording : link].filter(Boolean).join('  ');
    out(context.json ? JSON.stringify(event) : `${time.slice(11, 19)} ${text}`);
    return { last: state === 'STOPPED' };
  });
}
