import { setTimeout as pause } from 'node:timers/promises';
import { UnreachableError } from '../lib/request.ts';
import { waitUntil } from '../lib/waitUntil.ts';
import type { EventView, LivetranClient, StreamView, WorkerView } from './livetranClient.ts';
import type { Command } from './parseCommand.ts';

const READY_MS = 30_000;
const AGAIN_MS = 1_000;
/** How long `watch` and `events` bear an API that does not answer (a restart). */
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
      for (const line of streamTable(await client.list())) terminal.out(line);
      return 0;
    case 'workers':
      for (const line of workerTable(await client.workers())) terminal.out(line);
      return 0;
    case 'watch':
      return follow(command.streamId, client, terminal, event => {
        const { state, reason, update, stream_link: link, time } = event;
        terminal.out(`${time.slice(11, 19)} ${[state, reason, update, link].filter(Boolean).join('  ')}`);
        return { last: state === 'STOPPED' };
      });
    case 'events':
      return follow(command.streamId, client, terminal, event => {
        terminal.out(JSON.stringify(event));
        return { last: false };
      });
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

/** Shows a stream's events until one of them is the last, also over a restart of the API. */
async function follow(
  streamId: string,
  client: LivetranClient,
  { err }: Terminal,
  show: (event: EventView) => { last: boolean },
): Promise<number> {
  let shown: string | undefined;
  let awaySince: number | undefined;
  for (;;) {
    try {
      for await (const event of client.events(streamId)) {
        if (awaySince !== undefined) err('the API is back');
        awaySince = undefined;
        // The present state is told at each new connection.
        if (event.event_id === shown) continue;
        shown = event.event_id;
        if (show(event).last) return 0;
      }
    } catch (error) {
      // Before the first answer it is more likely a wrong URL than a restart.
      if (!(error instanceof UnreachableError) || shown === undefined) throw error;
      if (awaySince === undefined) err(`${error.message}; asking again`);
      awaySince ??= performance.now();
      if (performance.now() - awaySince > AWAY_MS) throw error;
    }
    await pause(AGAIN_MS);
  }
}

function streamTable(streams: readonly StreamView[]): string[] {
  if (streams.length === 0) return ['no streams'];
  return table([
    ['STREAM_ID', 'STATE', 'REASON', 'UPDATED', 'LINK'],
    ...streams.map(s => [s.stream_id, s.state, s.reason ?? '', s.updated_at?.slice(0, 19) ?? '', s.stream_link ?? '']),
  ]);
}

function workerTable(workers: readonly WorkerView[]): string[] {
  if (workers.length === 0) return ['no workers'];
  const state = ({ draining, busy, streams, slots }: WorkerView): string =>
    draining ? 'draining' : busy ? `busy: ${busy}` : streams >= slots ? 'full' : 'taking streams';
  return table([
    ['WORKER', 'NODE', 'ADDRESS', 'STREAMS', 'LOAD', 'VERSION', 'SINCE', 'STATE'],
    ...workers.map(w => [
      ...[w.id, w.node, w.address, `${w.streams}/${w.slots}`, w.load.cpu.toFixed(2), w.version],
      ...[w.since.slice(0, 19), state(w)],
    ]),
  ]);
}

function table(rows: readonly string[][]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? [];
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
