import { execa } from 'execa';

export interface ProbedStream {
  codec_type: string;
  codec_name: string;
  profile?: string;
  width?: number;
  height?: number;
  sample_rate?: string;
  channels?: number;
  r_frame_rate?: string;
  avg_frame_rate?: string;
  /** H.264: ten times the level. */
  level?: number;
}

export interface ProbedMedia {
  streams: ProbedStream[];
  /** Seconds. */
  duration: number;
  /** The first video packet is a key frame. */
  startsWithKeyFrame: boolean;
}

/** What ffprobe says of a media file (or of the bytes on its stdin). */
export async function ffprobe(media: Buffer): Promise<ProbedMedia> {
  const entries = 'codec_type,codec_name,profile,level,width,height,sample_rate,channels,r_frame_rate,avg_frame_rate';
  const show = ['-show_entries', `stream=${entries}`];
  const packets = ['-show_entries', 'packet=codec_type,flags,pts_time,duration_time'];
  const { stdout } = await execa('ffprobe', ['-v', 'error', '-of', 'json', ...show, ...packets, '-i', 'pipe:0'], {
    input: media,
  });
  const probed = JSON.parse(stdout) as {
    streams: ProbedStream[];
    packets: { codec_type: string; flags: string; pts_time?: string; duration_time?: string }[];
  };
  const video = probed.packets.filter(packet => packet.codec_type === 'video');
  const times = video.map(packet => Number(packet.pts_time));
  const last = Number(video.at(-1)?.duration_time ?? 0);
  return {
    streams: probed.streams,
    duration: Math.max(...times) - Math.min(...times) + last,
    startsWithKeyFrame: video[0]?.flags.startsWith('K') ?? false,
  };
}
