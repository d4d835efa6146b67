import { z } from 'zod';
import type { StreamSample } from '../../common/stream/streamSample.ts';

const count = (description: string) => z.number().meta({ description });

/** One second of a stream's figures, as the resource API shows it. */
export const sampleView = z
  .object({
    time: z.iso.datetime(),
    receive_kbps: count('From the encoder, retransmissions included.'),
    rtt_ms: z.number(),
    latency_ms: count('The SRT latency that was agreed with the encoder.'),
    packets: z.number(),
    packets_lost: count('Missing at first; most of them are sent again.'),
    packets_dropped: count('Did not arrive in time: viewers may see damage.'),
    packets_retransmitted: z.number(),
    packets_belated: z.number(),
    packets_undecryptable: z.number(),
    buffer_ms: count("Media in libsrt's receive buffer."),
    link_mbps: count("libsrt's estimate of the link."),
    fps: count('Pictures made.'),
    speed: count('Seconds of media made per second, over the last 10 s.'),
    behind_seconds: count('Media that came and is not made yet.'),
    frames_duplicated: z.number(),
    frames_dropped: z.number(),
    decode_errors: count("Error lines in FFmpeg's log."),
    key_frame_seconds: count('Between the last two key frames of the source.'),
    audio_silent_seconds: z
      .number()
      .nullable()
      .meta({ description: 'Since audio came last. null: there is no audio.' }),
    timestamp_jumps: z.number(),
    continuity_errors: z.number(),
    listing_lag_ms: z.number().nullable().meta({ description: 'From closed to listed. null: no segment was listed.' }),
    backlog_segments: count('Closed and not stored yet.'),
    backlog_ms: count('How long the oldest of them has waited.'),
    failed_puts: z.number(),
    gaps: z.number(),
    rendition_kbps: z.array(z.number()).meta({ description: 'Of the last segment of each rendition.' }),
  })
  .meta({ id: 'StreamSample' });

export const viewSample = (sample: StreamSample): z.output<typeof sampleView> => ({
  time: new Date(sample.time).toISOString(),
  receive_kbps: sample.kbps,
  rtt_ms: sample.rttMs,
  latency_ms: sample.latencyMs,
  packets: sample.packets,
  packets_lost: sample.lost,
  packets_dropped: sample.dropped,
  packets_retransmitted: sample.retransmitted,
  packets_belated: sample.belated,
  packets_undecryptable: sample.undecryptable,
  buffer_ms: sample.bufferMs,
  link_mbps: sample.linkMbps,
  fps: sample.fps,
  speed: sample.speed,
  behind_seconds: sample.behindSeconds,
  frames_duplicated: sample.duplicated,
  frames_dropped: sample.droppedFrames,
  decode_errors: sample.decodeErrors,
  key_frame_seconds: sample.keySeconds,
  audio_silent_seconds: sample.audioSilentSeconds === -1 ? null : sample.audioSilentSeconds,
  timestamp_jumps: sample.jumps,
  continuity_errors: sample.continuityErrors,
  listing_lag_ms: sample.lagMs === -1 ? null : sample.lagMs,
  backlog_segments: sample.backlog,
  backlog_ms: sample.backlogMs,
  failed_puts: sample.retries,
  gaps: sample.gaps,
  rendition_kbps: [...sample.renditionKbps],
});
