import { Option } from 'commander';
import { streamLatency } from '../../common/stream/streamLatency.ts';
import { requestedProfile } from '../../common/stream/streamProfile.ts';
import type { CommandBuilder } from './commandBuilder.ts';
import { events } from './commands/events.ts';
import { list } from './commands/list.ts';
import { type StartFlags, start } from './commands/start.ts';
import { status } from './commands/status.ts';
import { stop } from './commands/stop.ts';
import { watch } from './commands/watch.ts';
import { workers } from './commands/workers.ts';

/** The commands of streams and workers. */
export function streamCommands(to: CommandBuilder): void {
  to.ofStream('start', 'start a stream; prints the SRT URL for the encoder and the watch page')
    .option('--abr', 'three qualities (1080p, 720p, 480p) in place of one')
    .addOption(new Option('--profile <profile>', 'what is made of the source').choices(requestedProfile.options))
    .addOption(new Option('--latency <latency>', 'reduced: shorter segments').choices(streamLatency.options))
    .option('--record', 'keep every segment; the recording is there when the stream has stopped')
    .option('--dvr', 'viewers can rewind to the beginning')
    .option('--passphrase <text>', 'the encoder must encrypt with it; 10 to 79 bytes')
    .option('--webhook <url>', 'gets every change of this stream; may be given several times', collect, [])
    .option('--url', 'print the SRT URL alone')
    .action((id: string, flags: StartFlags) => to.run(context => start(context, id, flags)));
  to.ofStream('stop', 'stop a stream, and wait until it has stopped')
    .option('--no-wait', 'do not wait')
    .action((id: string, options: { wait: boolean }) => to.run(context => stop(context, id, options)));
  to.ofStream('status', 'print state, reason, SRT URL, playlist and recording').action((id: string) =>
    to.run(context => status(context, id)),
  );
  to.add('list', 'list the streams of the last three days').action(() => to.run(list));
  to.add('workers', 'list the workers: what each runs, and whether it takes more').action(() => to.run(workers));
  to.ofStream('watch', 'print a line for every change until the stream has stopped').action((id: string) =>
    to.run(context => watch(context, id)),
  );
  to.ofStream('events', 'print every change as a line of JSON, over all runs of the stream, until Ctrl-C').action(
    (id: string) => to.run(context => events(context, id)),
  );
}

const collect = (url: string, before: string[]): string[] => [...before, url];
