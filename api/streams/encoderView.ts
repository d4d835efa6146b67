import { z } from 'zod';
import type { StreamRecord } from '../../common/stream/streamRecord.ts';
import { healthOf, healthView } from './healthView.ts';

/** Fields of a stream that an encoder publishes to. */
export const encoderView = {
  encoder: z
    .object({
      address: z
        .string()
        .meta({ description: '`<address>:<port>`, as the worker sees it. With a router: the address of the router.' }),
    })
    .nullable()
    .meta({ description: 'null: no encoder is connected.' }),
  input: z
    .object({
      video_codec: z.string(),
      width: z.int().nullable(),
      height: z.int().nullable(),
      audio_codec: z.string().nullable().meta({ description: 'null: no audio comes.' }),
    })
    .nullable()
    .meta({ description: "What the encoder sends, with FFmpeg's names. null: no encoder, or not known yet." }),
  renditions: z
    .array(
      z.object({
        width: z.int().nullable(),
        height: z.int().nullable(),
        video_kbps: z.number().nullable().meta({ description: "null: the encoder's own picture." }),
      }),
    )
    .meta({ description: 'What is made of it now, from the largest to the smallest.' }),
  health: healthView.nullable().meta({ description: 'How the stream is. null: no encoder is connected.' }),
};

type EncoderView = { [Field in keyof typeof encoderView]: z.output<(typeof encoderView)[Field]> };

/** Who publishes, what, and what is made of it. */
export function viewEncoder(record: StreamRecord): EncoderView {
  const { state, peer, source } = record;
  if (state !== 'STREAMING') return { encoder: null, input: null, renditions: [], health: null };
  const encoder = peer === undefined ? null : { address: peer };
  const health = healthOf(record);
  if (!source) return { encoder, input: null, renditions: [], health };
  const { video, audio, renditions } = source;
  const { codec: video_codec, width, height } = video;
  return {
    encoder,
    input: { video_codec, width, height, audio_codec: audio?.codec ?? null },
    renditions: renditions.map(({ videoKbps: video_kbps, ...size }) => ({ ...size, video_kbps })),
    health,
  };
}
