import { Command, InvalidArgumentError, Option } from 'commander';
import { streamId } from '../../common/stream/streamId.ts';
import { streamLatency } from '../../common/stream/streamLatency.ts';
import { requestedProfile } from '../../common/stream/streamProfile.ts';
import pack from '../../package.json' with { type: 'json' };
import type { CommandContext } from './commandContext.ts';
import { events } from './commands/events.ts';
import { list } from './commands/list.ts';
import { start } from './commands/start.ts';
import { status } from './commands/status.ts';
import { stop } from './commands/stop.ts';
import { watch } from './commands/watch.ts';
import { workers } from './commands/workers.ts';

const after = `
Environment: API_URL (default: the running embedded Livetran, else https://localhost:8080), HMAC_SECRET and DATA_DIR
(default: the secret that "npm start" keeps in .livetran).

Exit code: 0 done, 1 refused by the API, 2 wrong usage, 3 the API cannot be reached.`;

type Run = (context: CommandContext) => Promise<number>;

/**
 * The commands of ./scripts/livetran.
 * @param perform called with the chosen command; `json`: the user wants JSON
 */
export function program(perform: (run: Run, json: boolean) => Promise<void>): Command {
  const root = new Command('livetran')
    .description('Start, stop and follow streams.')
    .version(pack.version)
    .option('--json', 'print results as lines of JSON')
    .addHelpText('after', after)
    .showSuggestionAfterError();
  const json = (): boolean => root.opts<{ json?: boolean }>().json ?? false;
  /** A command of one stream; `--json` may stand behind it too. */
  const add = (usage: string, description: string): Command =>
    root
      .command(usage)
      .description(description)
      .option('--json', 'print results as lines of JSON')
      .on('option:json', () => void root.setOptionValue('json', true));
  const ofStream = (name: string, description: string): Command =>
    add(name, description).argument('<stream_id>', 'the stream', checkId);

  ofStream('start', 'start a stream; prints the SRT URL for the encoder and the watch page')
    .option('--abr', 'three qualities (1080p, 720p, 480p) in place of one')
    .addOption(new Option('--profile <profile>', 'what is made of the source').choices(requestedProfile.options))
    .addOption(new Option('--latency <latency>', 'reduced: shorter segments').choices(streamLatency.options))
    .option('--record', 'keep every segment; the recording is there when the stream has stopped', false)
    .option('--dvr', 'viewers can rewind to the beginning', false)
    .option('--passphrase <text>', 'the encoder must encrypt with it; 10 to 79 bytes')
    .option('--webhook <url>', 'gets every change of this stream; may be given several times', collect, [])
    .option('--url', 'print the SRT URL alone')
    .action((id: string, { webhook, ...options }) =>
      perform(context => start(context, id, { ...options, webhookUrls: webhook }), json()),
    );
  ofStream('stop', 'stop a stream, and wait until it has stopped')
    .option('--no-wait', 'do not wait')
    .action((id: string, options: { wait: boolean }) => perform(context => stop(context, id, options), json()));
  ofStream('status', 'print state, reason, SRT URL, playlist and recording').action((id: string) =>
    perform(context => status(context, id), json()),
  );
  add('list', 'list the streams of the last three days').action(() => perform(list, json()));
  add('workers', 'list the workers: what each runs, and whether it takes more').action(() => perform(workers, json()));
  ofStream('watch', 'print a line for every change until the stream has stopped').action((id: string) =>
    perform(context => watch(context, id), json()),
  );
  ofStream('events', 'print every change as a line of JSON, over all runs of the stream, until Ctrl-C').action(
    (id: string) => perform(context => events(context, id), json()),
  );
  return root;
}

function checkId(id: string): string {
  const checked = streamId.safeParse(id);
  if (checked.success) return checked.data;
  throw new InvalidArgumentError(checked.error.issues[0]?.message ?? 'bad stream_id');
}

const collect = (url: string, before: string[]): string[] => [...before, url];
