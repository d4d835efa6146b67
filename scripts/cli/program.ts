import { Argument, Command } from 'commander';
import pack from '../../package.json' with { type: 'json' };
import type { HostBenchOptions } from '../bench/host/hostBench.ts';
import { CommandBuilder, type Run } from './commandBuilder.ts';
import type { LocalContext } from './commandContext.ts';
import { benchHost } from './commands/benchHost.ts';
import { complete } from './commands/complete.ts';
import { completion, shells } from './commands/completion.ts';
import { printEnv } from './commands/printEnv.ts';
import { keyCommands } from './keyCommands.ts';
import { wholeNumber } from './parseOptions.ts';
import { streamCommands } from './streamCommands.ts';
import { webhookCommands } from './webhookCommands.ts';

const after = `
Environment: API_URL (default: the running embedded Livetran, else https://localhost:8080); HMAC_SECRET, or API_KEY_ID and
API_KEY_SECRET (default: the secret that "npm start" keeps in DATA_DIR, .livetran).

Exit code: 0 done, 1 failed or refused by the API, 2 wrong usage, 3 the API cannot be reached.`;

interface Performers {
  /** Called with the chosen command; `json`: the user wants JSON. */
  perform: (run: Run, json: boolean) => Promise<void>;
  /** The same for a command that needs no API. */
  performLocally: (run: (context: LocalContext) => Promise<number>, json: boolean) => Promise<void>;
}

/** The commands of ./scripts/livetran. */
export function program({ perform, performLocally }: Performers): Command {
  const root = new Command('livetran')
    .description('Start, stop and follow streams.')
    .version(pack.version)
    .option('--json', 'print results and errors as lines of JSON')
    .addHelpText('after', after)
    .showSuggestionAfterError();
  const json = (): boolean => root.opts<{ json?: boolean }>().json ?? false;
  const to = new CommandBuilder(
    root,
    run => perform(run, json()),
    () => void root.setOptionValue('json', true),
  );
  streamCommands(to);
  keyCommands(to);
  webhookCommands(to);
  to.add('env', 'print API_URL, HMAC_SECRET and WEBHOOK_SECRET for a program: eval "$(./scripts/livetran env)"').action(
    () => performLocally(printEnv, json()),
  );
  to.add(
    'bench-host',
    'measure what a stream of each profile costs on this host; prints WORKER_STREAMS and PROFILE_COSTS',
  )
    .option('--size <width>x<height>', "the source's picture", '1280x720')
    .option('--rate <fps>', 'its frames a second', wholeNumber, 30)
    .option('--kbps <n>', 'its bit rate', wholeNumber, 5_000)
    .option('--seconds <n>', 'how long each stream lasts', wholeNumber, 20)
    .action((options: HostBenchOptions) => performLocally(context => benchHost(context, options, json()), json()));
  root
    .command('completion')
    .description('print the script that completes command lines: source <(livetran completion bash)')
    .addArgument(new Argument('<shell>').choices(Object.keys(shells)))
    .action((shell: keyof typeof shells) => performLocally(({ terminal }) => completion(shell, terminal), json()));
  root
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action((words: string[]) => performLocally(context => complete(root, words, context), json()));
  return root;
}
