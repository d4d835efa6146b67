import type { Stream } from '../../../client/index.ts';
import type { CommandContext } from '../commandContext.ts';

/** Prints what is known of a stream. */
export async function status({ client, terminal: { out }, json }: CommandContext, streamId: string): Promise<number> {
  const stream = await client.streams.get(streamId);
  if (json) out(JSON.stringify(stream));
  else for (const [label, value] of lines(stream)) if (value) out(`${label.padEnd(12)}${value}`);
  return 0;
}

function lines(stream: Stream): [string, string | null | undefined][] {
  const refused = stream.last_refusal;
  return [
    ['State', stream.stopping ? `${stream.state}, stopping` : stream.state],
    ['Reason', [stream.reason, stream.update].filter(Boolean).join(': ')],
    ['Profile', stream.fallback ? `${stream.profile}, transcoded: ${stream.fallback}` : stream.profile],
    ['SRT URL', stream.state === 'STOPPED' ? null : stream.srt_url],
    ['Playlist', stream.stream_link],
    ['Low latency', stream.playback.low_latency],
    ['Recording', stream.recording_link],
    ['Worker', stream.state === 'STOPPED' ? null : stream.worker],
    ['Health', stream.health && `${stream.health.status} since ${stream.health.since}`],
    ...problems(stream),
    ['Refused', refused && `${refused.code} ${refused.peer}: ${refused.message} (${refused.count} in all)`],
    ['Updated', stream.updated_at],
  ];
}

/** Each with whose fault it is, and what to do. */
const problems = (stream: Stream): [string, string][] =>
  (stream.health?.problems ?? []).map(({ code, fault, message, advice }) => [
    'Problem',
    `${code} (${fault}): ${message}. ${advice}`,
  ]);
