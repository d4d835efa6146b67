import { secretsFile } from '../embedded/secrets.ts';
import { describeError } from '../lib/describeError.ts';
import { UnreachableError } from '../lib/request.ts';
import { findApi } from './findApi.ts';
import { LivetranClient, RefusedError } from './livetranClient.ts';
import { HELP, parseCommand, UsageError } from './parseCommand.ts';
import { runCommand, type Terminal } from './runCommand.ts';

/** The command line client. Resolves to its exit code: 0 done, 1 refused, 2 wrong usage, 3 unreachable. */
export async function runCli(
  argv: readonly string[],
  options: { env: NodeJS.ProcessEnv; root: string; terminal: Terminal },
): Promise<number> {
  const { out, err } = options.terminal;
  try {
    const command = parseCommand(argv);
    if (command.name === 'help') {
      out(HELP);
      return 0;
    }
    const { url, secret, dataDir } = await findApi(options.env, options.root);
    if (!URL.canParse(url)) throw new UsageError('API_URL must be a URL, e.g. https://localhost:8080');
    if (!secret)
      throw new UsageError(`HMAC_SECRET is not set, and there is no ${secretsFile(dataDir)} (npm start makes it)`);
    return await runCommand(command, new LivetranClient({ url, secret }), options.terminal);
  } catch (error) {
    err(`livetran: ${explain(error)}`);
    if (error instanceof UsageError) return 2;
    return error instanceof UnreachableError ? 3 : 1;
  }
}

function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\nSee ./scripts/livetran --help`;
  if (error instanceof UnreachableError)
    return `${error.message}\nDoes it run (npm start)? Another address goes into API_URL.`;
  if (error instanceof RefusedError) return error.message;
  return describeError(error);
}
