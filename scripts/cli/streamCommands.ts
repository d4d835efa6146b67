import { Option } from 'commander';
import { streamLatency } from '../../common/stream/streamLatency.ts';
import { streamPlayback } from '../../common/stream/streamPlayback.ts';
import { requestedProfile } from '../../common/stream/streamProfile.ts';
import { streamStates } from '../../common/stream/streamState.ts';
import type { CommandBuilder } from './commandBuilder.ts';
import { type DrainFlags, drain } from './commands/drain.ts';
import { events } from './commands/events.ts';
import { type ListFlags, list } from './commands/list.ts';
import { type StartFlags, start } from './commands/start.ts';
import { status } from './commands/status.ts';
import { stop } from './commands/stop.ts';
import { watch } from './commands/watch.ts';
import { workers } from './commands/workers.ts';
import { checkStreamId, collect, collectPairs, wholeNumber } from './parseOptions.ts';

/** The commands of streams and workers. */
export function streamCommands(to: CommandBuilder): void {
  to.add('start', 'start a stream; prints the SRT URL for the encoder and the watch page')
    .argument('[stream_id]', 'the stream; one is made when it is absent', checkStreamId)
    .option('--abr', 'three qualities (1080p, 720p, 480p) in place of one')
    .addOption(new Option('--profile <profile>', 'what is made of the source').choices(requestedProfile.options))
    .addOption(
      new Option('--latency <latency>', 'reduced: shorter segments; low: parts too').choices(streamLatency.options),
    )
    .addOption(new Option('--playback <policy>', 'signed: viewers need a token').choices(streamPlayback.options))
    .option('--record', 'keep every segment; the recording is there when the stream has stopped')
    .option('--dvr', 'viewers can rewind to the beginning')
    .option('--passphrase <text>', 'the encoder must encrypt with it; 10 to 79 bytes')
    .option('--title <text>', 'for people')
    .option('--metadata <name=value>', 'a text of your own; may be given several times', collectPairs)
    .option('--max-duration <seconds>', 'STOPPED so long after the first encoder connected', wholeNumber)
    .option('--webhook <url>', 'gets every change of this stream; may be given several times', collect, [])
    .option('--url', 'print the SRT URL alone')
    .action((id: string | undefined, flags: StartFlags) => to.run(context => start(context, id, flags)));
  to.ofStream('stop', 'stop a stream, and wait until it has stopped')
    .option('--no-wait', 'do not wait')
    .option('--complete', 'put the end into the playlist at once')
    .action((id: string, options: { wait: boolean; complete?: boolean }) =>
      to.run(context => stop(context, id, options)),
    );
  to.ofStream('status', 'print state, reason, SRT URL, playlist and recording').action((id: string) =>
    to.run(context => status(context, id)),
  );
  to.add('list', 'list the streams of the last three days')
    .addOption(new Option('--state <state...>', 'those in this state').choices([...streamStates]))
    .option('--metadata <name[=value]>', 'those that have it')
    .option('--limit <n>', 'so many at most', wholeNumber)
    .action((flags: ListFlags) => to.run(context => list(context, flags)));
  to.add('workers', 'list the workers: what each runs, and whether it takes more').action(() => to.run(workers));
  to.add('drain', 'a worker or a node takes no new streams, and its streams move to other workers')
    .argument('<worker|node>', "a worker's id, or a node's name")
    .option('--wait', 'wait until no stream is left there')
    .action((target: string, flags: DrainFlags) => to.run(context => drain(context, target, true, flags)));
  to.add('undrain', 'a worker or a node that was drained takes streams again')
    .argument('<worker|node>', "a worker's id, or a node's name")
    .action((target: string) => to.run(context => drain(context, target, false)));
  to.ofStream('watch', 'print a line for every change until the stream has stopped').action((id: string) =>
    to.run(context => watch(context, id)),
  );
  to.add('events', 'print every change as a line of JSON, over all runs, until Ctrl-C')
    .argument('[stream_id]', 'the stream; without it all streams', checkStreamId)
    .action((id: string | undefined) => to.run(context => events(context, id)));
}
