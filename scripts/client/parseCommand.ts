import { parseArgs } from 'node:util';
import { streamId } from '../../common/stream/streamId.ts';

const startOptions = ['abr', 'record', 'dvr'] as const;

/** What a stream can be started with: the switches of POST /api/start-stream. */
export type StartOptions = Record<(typeof startOptions)[number], boolean>;

export type Command =
  | { name: 'help' }
  | { name: 'list' | 'workers' }
  | { name: 'start'; streamId: string; webhookUrls: string[]; options: StartOptions }
  | { name: 'stop' | 'status' | 'watch' | 'events'; streamId: string };

/** The command line makes no sense; the message says what would. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const HELP = `Usage: ./scripts/livetran <command>

  start <stream_id> [--abr] [--record] [--dvr] [--webhook URL]...
                       start a stream; prints the SRT URL for the encoder and the watch page
  stop <stream_id>     stop it
  status <stream_id>   print its state
  list                 list the streams of the last three days
  workers              list the workers: what each runs, and whether it takes more
  watch <stream_id>    print a line for every change until the stream has stopped
  events <stream_id>   print every change as a line of JSON, over all runs of the stream, until Ctrl-C

  --abr                three qualities (1080p, 720p, 480p) in place of one
  --record             keep every segment; a recording is there when the stream has stopped
  --dvr                viewers can rewind to the beginning
  --webhook URL        gets every change of this stream; may be given several times

Environment: API_URL (default: the running embedded Livetran, else https://localhost:8080), HMAC_SECRET and DATA_DIR
(default: the secret that "npm start" keeps in .livetran).

Exit code: 0 done, 1 refused by the API, 2 wrong usage, 3 the API cannot be reached.`;

/** Throws UsageError. */
export function parseCommand(argv: readonly string[]): Command {
  const { values, positionals } = parse(argv);
  const [name, id, ...more] = positionals;
  if (values.help || name === 'help') return { name: 'help' };
  if (name === undefined)
    throw new UsageError('a command is missing: start, stop, status, list, workers, watch or events');
  if (more.length > 0) throw new UsageError(`"${more[0]}" is too much: one stream_id at a time`);
  const foreign = [...startOptions, 'webhook' as const].find(option => values[option] !== undefined);
  if (name !== 'start' && foreign) throw new UsageError(`--${foreign} belongs to the command start`);
  switch (name) {
    case 'list':
    case 'workers':
      if (id !== undefined) throw new UsageError(`${name} takes no stream_id`);
      return { name };
    case 'start':
      return { name, streamId: checkId(id), webhookUrls: values.webhook ?? [], options: chosen(values) };
    case 'stop':
    case 'status':
    case 'watch':
    case 'events':
      return { name, streamId: checkId(id) };
    default:
      throw new UsageError(`there is no command "${name}": use start, stop, status, list, workers, watch or events`);
  }
}

function chosen(values: Partial<StartOptions>): StartOptions {
  const { abr = false, record = false, dvr = false } = values;
  return { abr, record, dvr };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        abr: { type: 'boolean' },
        record: { type: 'boolean' },
        dvr: { type: 'boolean' },
        webhook: { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function checkId(id: string | undefined): string {
  const checked = streamId.safeParse(id);
  if (checked.success) return checked.data;
  throw new UsageError(
    id === undefined ? 'a stream_id is missing' : (checked.error.issues[0]?.message ?? 'bad stream_id'),
  );
}
