import { execa } from 'execa';

export interface Hashes {
  video: string[];
  audio: string[];
  /** The first frame's time, seconds; infinite: there is none. */
  videoStart: number;
  audioStart: number;
  /** What FFmpeg complained about. */
  warnings: string;
}

/** MD5 of each frame, by FFmpeg's framemd5: as they are coded (`copy`), or decoded, which complains of what is missing. */
export async function frameHashes(ts: Buffer, how: 'copy' | 'decode'): Promise<Hashes> {
  const codec = how === 'copy' ? ['-c', 'copy'] : ['-fps_mode', 'passthrough'];
  const input = ['-f', 'mpegts', '-probesize', '10M', '-analyzeduration', '10M', '-i', 'pipe:0'];
  const args = ['-nostdin', '-v', 'warning', ...input, '-map', '0', '-copyts', ...codec, '-f', 'framemd5', 'pipe:1'];
  const { stdout, stderr } = await execa('ffmpeg', args, { input: ts });
  const kinds = new Map([...stdout.matchAll(/^#media_type (\d+): (\w+)$/gm)].map(([, i, kind]) => [i, kind]));
  const bases = new Map([...stdout.matchAll(/^#tb (\d+): 1\/(\d+)$/gm)].map(([, i, base]) => [i, Number(base)]));
  const lines = stdout.split('\n').filter(line => line !== '' && !line.startsWith('#'));
  const frames = lines.map(line => {
    const [i, , pts, , , hash = ''] = line.split(/,\s*/);
    return { kind: kinds.get(i), seconds: Number(pts) / (bases.get(i) ?? Number.NaN), hash };
  });
  const of = (kind: string) => frames.filter(frame => frame.kind === kind);
  const startOf = (kind: string) => Math.min(...of(kind).map(({ seconds }) => seconds));
  return {
    video: of('video').map(({ hash }) => hash),
    audio: of('audio').map(({ hash }) => hash),
    videoStart: startOf('video'),
    audioStart: startOf('audio'),
    warnings: stderr,
  };
}
