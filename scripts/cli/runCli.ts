import { type Command, CommanderError } from 'commander';
import { ApiError, ConnectionError } from '../../client/index.ts';
import { connectLivetran } from '../lib/connectLivetran.ts';
import { describeError } from '../lib/describeError.ts';
import { findApi } from './findApi.ts';
import { program } from './program.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usageError.ts';

/** The command line client. Resolves to its exit code: 0 done, 1 failed, 2 wrong usage, 3 unreachable. */
export async function runCli(
  argv: readonly string[],
  options: { env: NodeJS.ProcessEnv; root: string; terminal: Terminal; signal?: AbortSignal },
): Promise<number> {
  const { env, root, terminal, signal } = options;
  let code = 0;
  let isJson = false;
  const commands = program({
    perform: async (run, json) => {
      isJson = json;
      const found = await findApi(env, root);
      code = await run({ client: connectLivetran(found), terminal, json, ...(signal && { signal }) }, found);
    },
    performLocally: async (run, json) => {
      isJson = json;
      code = await run({ terminal, json, find: () => findApi(env, root) });
    },
  });
  for (const command of withChildren(commands)) plain(command, terminal);
  try {
    await commands.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    terminal.err(isJson ? JSON.stringify(problemOf(error)) : `livetran: ${explain(error)}`);
    if (error instanceof UsageError) return 2;
    return error instanceof ConnectionError ? 3 : 1;
  }
}

const withChildren = (command: Command): Command[] => [command, ...command.commands.flatMap(withChildren)];

/** Writes to the terminal that was given, and throws where commander would exit. */
function plain(command: Command, { out, err }: Terminal): void {
  command.exitOverride().configureOutput({
    writeOut: text => out(text.trimEnd()),
    writeErr: text => err(text.trimEnd()),
    outputError: (text, write) => write(`${text.replace(/^error:/, 'livetran:')}\nSee ./scripts/livetran --help`),
  });
}

/** The API's problem document, or one of the same form. */
function problemOf(error: unknown): object {
  if (error instanceof ApiError) return error.problem;
  const isAway = error instanceof ConnectionError;
  return { code: isAway ? 'unreachable' : 'failed', detail: explain(error), retryable: isAway };
}

function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\nSee ./scripts/livetran --help`;
  if (error instanceof ConnectionError)
    return `${error.message}\nDoes it run (npm start)? Another address goes into API_URL.`;
  if (error instanceof ApiError) return error.message;
  return describeError(error);
}
