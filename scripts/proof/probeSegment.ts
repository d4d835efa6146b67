import { execa } from 'execa';
import { z } from 'zod';

const output = z.object({
  streams: z.array(
    z.object({
      codec_type: z.string().optional(),
      codec_name: z.string().optional(),
      width: z.number().optional(),
      height: z.number().optional(),
      sample_rate: z.string().optional(),
    }),
  ),
});

export interface ProbedSegment {
  video: string;
  /** "1280x720" */
  size: string;
  audio: string;
  /** Hz */
  sampleRate: number;
}

/** What ffprobe finds in a segment's bytes. Throws when it holds no picture or no sound. */
export async function probeSegment(segment: Buffer, signal: AbortSignal): Promise<ProbedSegment> {
  const args = [
    '-v',
    'error',
    '-show_entries',
    'stream=codec_type,codec_name,width,height,sample_rate',
    '-of',
    'json',
    '-',
  ];
  const { stdout } = await execa('ffprobe', args, { input: segment, cancelSignal: signal });
  const { streams } = output.parse(JSON.parse(stdout));
  const video = streams.find(stream => stream.codec_type === 'video');
  const audio = streams.find(stream => stream.codec_type === 'audio');
  if (!video) throw new Error('a segment holds no picture');
  if (!audio) throw new Error('a segment holds no sound');
  return {
    video: video.codec_name ?? 'unknown',
    size: `${video.width}x${video.height}`,
    audio: audio.codec_name ?? 'unknown',
    sampleRate: Number(audio.sample_rate),
  };
}
