import { setTimeout as pause } from 'node:timers/promises';
import { UnreachableError } from '../lib/request.ts';
import { waitUntil } from '../lib/waitUntil.ts';
import type { LivetranClient, StreamView } from './livetranClient.ts';
import type { Command } from './parseCommand.ts';

const READY_MS = 30_000;
const POLL_MS = 1_000;
/** How long `watch` bears an API that does not answer (a restart). */
const AWAY_MS = 60_000;

export interface Terminal {
  out: (line: string) => void;
  err: (line: string) => void;
}

/** Does what a command says; resolves to the exit code. Throws RefusedError and UnreachableError. */
export async function runCommand(
  command: Exclude<Command, { name: 'help' }>,
  client: LivetranClient,
  terminal: Terminal,
): Promise<number> {
  switch (command.name) {
    case 'start':
      return start(command, client, terminal);
    case 'stop':
      terminal.out(await client.stop(command.streamId));
      return 0;
    case 'status':
      terminal.out(await client.status(command.streamId));
      return 0;
    case 'list':
      for (const line of table(await client.list())) terminal.out(line);
      return 0;
    case 'watch':
      return watch(command.streamId, client, terminal);
  }
}

async function start(
  command: Extract<Command, { name: 'start' }>,
  client: LivetranClient,
  { out, err }: Terminal,
): Promise<number> {
  const { streamId, options, webhookUrls } = command;
  await client.start(streamId, { ...options, webhookUrls });
  err(`${streamId}: started, waiting for a worker …`);
  let last: StreamView | undefined;
  const ready = async (): Promise<StreamView | false> => {
    last = await client.get(streamId);
    return last.srt_url || last.state === 'STOPPED' ? last : false;
  };
  const stream = await waitUntil('a worker', ready, { timeoutMs: READY_MS, everyMs: 200 }).catch((error: unknown) => {
    if (last?.state !== 'INITIALISED') throw error;
  });
  if (!stream) {
    err(`${streamId}: no worker has taken it yet (${last?.update ?? last?.reason}); "watch ${streamId}" follows it`);
    return 1;
  }
  if (!stream.srt_url || stream.state === 'STOPPED') {
    err(`${streamId}: STOPPED, ${stream.reason}: ${stream.update ?? ''}`);
    return 1;
  }
  out(`SRT URL     ${stream.srt_url}`);
  out(`Watch page  ${client.url}/watch/${streamId}`);
  return 0;
}

async function watch(streamId: string, client: LivetranClient, { out, err }: Terminal): Promise<number> {
  let shown = '';
  let awaySince: number | undefined;
  for (;;) {
    try {
      const stream = await client.get(streamId);
      if (awaySince !== undefined) err('the API is back');
      awaySince = undefined;
      const line = [stream.state, stream.reason, stream.update, stream.stream_link].filter(Boolean).join('  ');
      if (line !== shown) out(`${(stream.updated_at ?? '').slice(11, 19)} ${line}`);
      shown = line;
      if (stream.state === 'STOPPED') return 0;
    } catch (error) {
      // Before the first answer it is more likely a wrong URL than a restart.
      if (!(error instanceof UnreachableError) || shown === '') throw error;
      if (awaySince === undefined) err(`${error.message}; asking again`);
      awaySince ??= performance.now();
      if (performance.now() - awaySince > AWAY_MS) throw error;
    }
    await pause(POLL_MS);
  }
}

function table(streams: readonly StreamView[]): string[] {
  if (streams.length === 0) return ['no streams'];
  const rows = [
    ['STREAM_ID', 'STATE', 'REASON', 'UPDATED', 'LINK'],
    ...streams.map(s => [s.stream_id, s.state, s.reason ?? '', s.updated_at?.slice(0, 19) ?? '', s.stream_link ?? '']),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? [];
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
