import { type Command, CommanderError } from 'commander';
import { secretsFile } from '../embedded/secrets.ts';
import { describeError } from '../lib/describeError.ts';
import { UnreachableError } from '../lib/request.ts';
import { findApi } from './findApi.ts';
import { LivetranClient, RefusedError } from './livetranClient.ts';
import { program } from './program.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usageError.ts';

/** The command line client. Resolves to its exit code: 0 done, 1 refused, 2 wrong usage, 3 unreachable. */
export async function runCli(
  argv: readonly string[],
  options: { env: NodeJS.ProcessEnv; root: string; terminal: Terminal },
): Promise<number> {
  const { terminal } = options;
  let code = 0;
  const commands = program(async (run, json) => {
    code = await run({ client: await connect(options), terminal, json });
  });
  for (const command of [commands, ...commands.commands]) plain(command, terminal);
  try {
    await commands.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    terminal.err(`livetran: ${explain(error)}`);
    if (error instanceof UsageError) return 2;
    return error instanceof UnreachableError ? 3 : 1;
  }
}

async function connect({ env, root }: { env: NodeJS.ProcessEnv; root: string }): Promise<LivetranClient> {
  const { url, secret, dataDir } = await findApi(env, root);
  if (!URL.canParse(url)) throw new UsageError('API_URL must be a URL, e.g. https://localhost:8080');
  if (!secret)
    throw new UsageError(`HMAC_SECRET is not set, and there is no ${secretsFile(dataDir)} (npm start makes it)`);
  return new LivetranClient({ url, secret });
}

/** Writes to the terminal that was given, and throws where commander would exit. */
function plain(command: Command, { out, err }: Terminal): void {
  command.exitOverride().configureOutput({
    writeOut: text => out(text.trimEnd()),
    writeErr: text => err(text.trimEnd()),
    outputError: (text, write) => write(`${text.replace(/^error:/, 'livetran:')}\nSee ./scripts/livetran --help`),
  });
}

function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\nSee ./scripts/livetran --help`;
  if (error instanceof UnreachableError)
    return `${error.message}\nDoes it run (npm start)? Another address goes into API_URL.`;
  if (error instanceof RefusedError) return error.message;
  return describeError(error);
}
