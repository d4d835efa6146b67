import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { waitUntil } from '../lib/waitUntil.ts';

const source = '-f lavfi -i testsrc2=size=1280x720:rate=25';
const sound = '-f lavfi -i sine=frequency=220:sample_rate=48000';
const encode = '-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -g 50 -c:a aac -b:a 64k';

/**
 * A live playlist with its poster in a folder of the API's, as a worker's store would have them, until stop().
 * @param dir OUTPUT_DIR
 */
export async function startMedia(dir: string, id: string): Promise<{ stop(): Promise<void> }> {
  const folder = join(dir, id);
  await mkdir(folder, { recursive: true });
  const poster = `${source} -frames:v 1 ${join(folder, 'poster.jpg')}`;
  await execa('ffmpeg', `-loglevel error -nostdin -y ${poster}`.split(' '));
  const hls = '-f hls -hls_time 2 -hls_list_size 0 -hls_flags temp_file+program_date_time';
  const output = ['-hls_segment_filename', join(folder, `${id}_%03d.ts`), join(folder, `${id}.m3u8`)];
  const options = `-loglevel error -nostdin -re ${source} -re ${sound} ${encode} ${hls}`.split(' ');
  const ffmpeg = spawn('ffmpeg', [...options, ...output], { stdio: 'ignore' });
  await waitUntil('a playlist', () => exists(join(folder, `${id}_002.ts`)), { timeoutMs: 60_000 });
  return { stop: () => end(ffmpeg) };
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGINT');
  await gone;
}
