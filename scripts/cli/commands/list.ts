import type { Stream } from '../../../client/index.ts';
import type { CommandContext } from '../commandContext.ts';
import { table } from '../table.ts';

/** The options of the command line. */
export interface ListFlags {
  state?: Stream['state'][];
  /** `name` or `name=value`. */
  metadata?: string;
  limit?: number;
}

/** Prints the streams of the last days, the newest first. */
export async function list(
  { client, terminal: { out }, json }: CommandContext,
  { state, metadata, limit = Number.POSITIVE_INFINITY }: ListFlags,
): Promise<number> {
  const [metadata_key, ...value] = metadata?.split('=') ?? [];
  const metadata_value = value.length > 0 ? value.join('=') : undefined;
  const streams: Stream[] = [];
  for await (const stream of client.streams.list({ state, metadata_key, metadata_value })) {
    if (streams.push(stream) >= limit) break;
  }
  if (json) for (const stream of streams) out(JSON.stringify(stream));
  else if (streams.length === 0) out('no streams');
  else {
    const rows = streams.map(s => [
      ...[s.stream_id, s.stopping ? 'stopping' : s.state, s.reason, s.updated_at.slice(0, 19)],
      s.recording_link ?? s.stream_link ?? '',
    ]);
    for (const line of table([['STREAM_ID', 'STATE', 'REASON', 'UPDATED', 'LINK'], ...rows])) out(line);
  }
  return 0;
}
