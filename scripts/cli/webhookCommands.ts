import type { CommandBuilder } from './commandBuilder.ts';
import { type ListenFlags, listen } from './commands/listen.ts';
import { checkStreamId, webUrl } from './parseOptions.ts';

/** The commands of webhooks. */
export function webhookCommands(to: CommandBuilder): void {
  to.add('listen', 'bring webhooks to this machine, as Livetran would send them; prints each, until Ctrl-C')
    .option('--forward <url>', 'POST each to this URL: http://127.0.0.1:3000/hooks', webUrl)
    .option('--stream <stream_id>', 'those of one stream', checkStreamId)
    .action((flags: ListenFlags) => to.run((context, found) => listen(context, found, flags)));
}
