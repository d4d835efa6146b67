import { execa } from 'execa';

/**
 * A real FFmpeg that writes a tiny picture and a tone as segments with its lists, as a transcode does.
 * Resolves when it has ended; the signal kills it. For tests.
 */
export async function encodeSegments(options: {
  dir: string;
  stems: readonly string[];
  firstNumber: number;
  seconds: number;
  /** The tone's length, where it ends before the picture. */
  toneSeconds?: number;
  segmentSeconds: number;
  /** As fast as the picture is; otherwise as fast as it can, and its lists hold the last six segments only. */
  realTime: boolean;
  signal?: AbortSignal;
}): Promise<void> {
  const { dir, stems, firstNumber, seconds, toneSeconds = seconds, segmentSeconds, realTime, signal } = options;
  const source = (input: string, length: number) => [
    ...[...(realTime ? ['-re'] : []), '-f', 'lavfi', '-t', String(length), '-i', input],
  ];
  const output = (stem: string, i: number) => [
    ...['-map', '0:v', '-map', '1:a', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-c:a', 'aac'],
    ...[
      '-force_key_frames',
      `expr:gte(t,n_forced*${segmentSeconds})`,
      '-sc_threshold',
      '0',
      '-s',
      `${320 >> i}x${180 >> i}`,
    ],
    ...['-f', 'segment', '-segment_time', String(segmentSeconds), '-segment_start_number', String(firstNumber)],
    ...['-segment_list', `${stem}.m3u8`, '-segment_list_type', 'm3u8', '-segment_list_size', '6', `${stem}_%03d.ts`],
  ];
  const inputs = [...source('testsrc2=size=320x180:rate=10', seconds), ...source('sine=r=48000', toneSeconds)];
  const process = execa('ffmpeg', ['-v', 'error', '-nostdin', ...inputs, ...stems.flatMap(output)], {
    cwd: dir,
    forceKillAfterDelay: 100,
    reject: false,
    ...(signal ? { cancelSignal: signal } : {}),
  });
  const { failed, stderr } = await process;
  if (failed && !signal?.aborted) throw new Error(`ffmpeg failed: ${stderr}`);
}
