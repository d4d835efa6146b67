import { execa } from 'execa';

export interface Hashes {
  video: string[];
  audio: string[];
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
  const lines = stdout.split('\n').filter(line => line !== '' && !line.startsWith('#'));
  const of = (kind: string) =>
    lines.map(line => line.split(/,\s*/)).flatMap(([i, , , , , hash = '']) => (kinds.get(i) === kind ? [hash] : []));
  return { video: of('video'), audio: of('audio'), warnings: stderr };
}
