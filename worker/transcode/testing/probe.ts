import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface Probed {
  video: { codec: string; width: number; height: number; pixels: string; aspect: string; rate: number } | undefined;
  audio: { codec: string; sampleRate: number; channels: number } | undefined;
  /** Whether the first video packet is a key frame. */
  startsWithKey: boolean;
  videoPackets: number;
  audioPackets: number;
  /** Presentation time of the first and the last picture, seconds. */
  firstPts: number;
  lastPts: number;
  /** Presentation time of the first sound, seconds; Infinity without sound. */
  firstAudioPts: number;
}

interface Output {
  streams: Record<string, string | number>[];
  packets: Record<string, string>[];
}

/** What ffprobe says about a media file. */
export async function probe(file: string): Promise<Probed> {
  const args = ['-v', 'error', '-show_streams', '-show_packets', '-of', 'json', file];
  const { stdout } = await promisify(execFile)('ffprobe', args, { maxBuffer: 100_000_000 });
  const { streams, packets } = JSON.parse(stdout) as Output;
  const video = streams.find(stream => stream.codec_type === 'video');
  const audio = streams.find(stream => stream.codec_type === 'audio');
  const pictures = packets.filter(packet => packet.codec_type === 'video');
  const sounds = packets.filter(packet => packet.codec_type === 'audio');
  const times = pictures.map(packet => Number(packet.pts_time));
  return {
    video: video && {
      codec: `${video.codec_name}`,
      width: Number(video.width),
      height: Number(video.height),
      pixels: `${video.pix_fmt}`,
      aspect: `${video.sample_aspect_ratio}`,
      rate: ratio(`${video.r_frame_rate}`),
    },
    audio: audio && {
      codec: `${audio.codec_name}`,
      sampleRate: Number(audio.sample_rate),
      channels: Number(audio.channels),
    },
    startsWithKey: pictures[0]?.flags?.startsWith('K') ?? false,
    videoPackets: pictures.length,
    audioPackets: packets.length - pictures.length,
    firstPts: Math.min(...times),
    lastPts: Math.max(...times),
    firstAudioPts: Math.min(...sounds.map(packet => Number(packet.pts_time))),
  };
}

function ratio(text: string): number {
  const [over = 0, under = 1] = text.split('/').map(Number);
  return over / under;
}
