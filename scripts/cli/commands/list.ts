import type { CommandContext } from '../commandContext.ts';
import { table } from '../table.ts';

/** Prints the streams of the last days, the newest first. */
export async function list({ client, terminal: { out }, json }: CommandContext): Promise<number> {
  const streams = await Array.fromAsync(client.streams.list());
  if (json) for (const stream of streams) out(JSON.stringify(stream));
  else if (streams.length === 0) out('no streams');
  else {
    const rows = streams.map(s => [
      ...[s.stream_id, s.stopping ? 'stopping' : s.state, s.reason ?? '', s.updated_at?.slice(0, 19) ?? ''],
      s.recording_link ?? s.stream_link ?? '',
    ]);
    for (const line of table([['STREAM_ID', 'STATE', 'REASON', 'UPDATED', 'LINK'], ...rows])) out(line);
  }
  return 0;
}
