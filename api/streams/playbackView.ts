import { z } from 'zod';
import { streamPlayback } from '../../common/stream/streamPlayback.ts';
import type { PlaybackUrls } from './playbackUrls.ts';

/** The URLs alone, as the resource API shows them. */
export const playbackUrlFields = {
  hls: z
    .string()
    .meta({ description: 'The playlist in the store. There is none before the first segments are stored.' }),
  low_latency: z.string().nullable().meta({
    description: 'The Low-Latency HLS playlist (docs/latency.md). null: the stream is started without `latency: low`.',
  }),
};

/** Where viewers play a stream, as the resource API shows it. */
export const playbackView = z
  .object({
    policy: streamPlayback.meta({
      description:
        'signed: the URLs work with a token in front of the stream id (docs/tokens.md), and as they are nobody may play them.',
    }),
    ...playbackUrlFields,
  })
  .meta({ id: 'Playback' });

export const viewUrls = ({ hls, lowLatency }: PlaybackUrls) => ({ hls, low_latency: lowLatency });
