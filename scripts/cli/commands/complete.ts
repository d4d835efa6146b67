import type { Command } from 'commander';
import { connectLivetran } from '../../lib/connectLivetran.ts';
import { candidates } from '../candidates.ts';
import type { LocalContext } from '../commandContext.ts';

/** A person who presses Tab waits no longer (ms). */
const PATIENCE_MS = 1_500;
const STREAMS_MOST = 200;

/** Prints what may stand in place of the last word, one a line: for the scripts of `completion`. Never fails. */
export async function complete(
  root: Command,
  words: readonly string[],
  { terminal, find }: LocalContext,
): Promise<number> {
  const { names, stream } = candidates(root, words);
  const ids = stream ? await streamIds(find).catch(() => []) : [];
  for (const name of [...names, ...ids]) if (name.startsWith(words.at(-1) ?? '')) terminal.out(name);
  return 0;
}

async function streamIds(find: LocalContext['find']): Promise<string[]> {
  const client = connectLivetran(await find());
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const { data } = await client.call('listStreams', { query: { limit: STREAMS_MOST } }, { signal });
  return data.map(({ stream_id }) => stream_id);
}
