import { Readable } from 'node:stream';
import { silentLogger } from '../../../common/testing/silentLogger.ts';
import type { EpochSink } from '../../segment/segmentEpoch.ts';
import type { Encoding } from '../encoding.ts';
import { type TranscodeEnd, type TranscodeOptions, transcode } from '../transcode.ts';

export const tinyEncoding: Encoding = {
  renditions: [{ maxHeight: 1080, video: 300, audio: 64 }],
  abr: false,
  profile: 'transcode',
  segmentSeconds: 4,
  gopSeconds: 2,
  preset: 'ultrafast',
  audioRate: 48_000,
};

/** Pieces that are aligned to nothing, as fast as they are taken. */
export function* pieces(ts: Buffer, bytes = 1_319): Generator<Buffer> {
  for (let at = 0; at < ts.length; at += bytes) yield ts.subarray(at, at + bytes);
}

/** Transcodes a whole transport stream. */
export function transcodeAll(
  media: Buffer | Readable,
  sink: EpochSink,
  encoding: Partial<Encoding> = {},
  options: Partial<TranscodeOptions> = {},
): Promise<TranscodeEnd> {
  return transcode({
    media: media instanceof Readable ? media : Readable.from(pieces(media), { objectMode: false }),
    encoding: { ...tinyEncoding, ...encoding },
    sink,
    signal: new AbortController().signal,
    log: silentLogger(),
    ffmpeg: 'ffmpeg',
    ...options,
    // Media comes faster than FFmpeg takes it here, and other tests run beside: what is queued at the end takes a while.
    limits: { stopMs: 20_000, ...options.limits },
  });
}
