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
    ['Encoder', [stream.encoder?.address, inputOf(stream)].filter(Boolean).join(': ')],
    ['Renditions', stream.renditions.map(describeRendition).join(', ')],
    ['Worker', stream.state === 'STOPPED' ? null : stream.worker],
    ['Health', stream.health && `${stream.health.status} since ${stream.health.since}`],
    ...problems(stream),
    ['Refused', refused && `${refused.code} ${refused.peer}: ${refused.message} (${refused.count} in all)`],
    [
      'Last error',
      stream.last_error && `${stream.last_error.code} at ${stream.last_error.at}: ${stream.last_error.message}`,
    ],
    ['Ended', stream.ended_webhooks.map(url => `${url} (answered 410)`).join(', ')],
    ['Updated', stream.updated_at],
  ];
}

function inputOf({ input, stats }: Stream): string | undefined {
  if (!input) return undefined;
  const { video_codec, width, height, audio_codec } = input;
  const size = width && height ? ` ${width}x${height}` : '';
  const rate = stats ? `, ${Math.round(stats.receive_kbps)} kb/s, round trip ${Math.round(stats.rtt_ms)} ms` : '';
  return `${video_codec}${size}, ${audio_codec ?? 'no audio'}${rate}`;
}

const describeRendition = ({ width, height, video_kbps }: Stream['renditions'][number]): string => {
  const size = width && height ? `${width}x${height}` : 'source size';
  return `${size} ${video_kbps === null ? "(the encoder's own)" : `${video_kbps} kb/s`}`;
};

/** Each with whose fault it is, and what to do. */
const problems = (stream: Stream): [string, string][] =>
  (stream.health?.problems ?? []).map(({ code, fault, message, advice }) => [
    'Problem',
    `${code} (${fault}): ${message}. ${advice}`,
  ]);
