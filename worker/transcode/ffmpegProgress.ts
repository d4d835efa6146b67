/** One report of FFmpeg's -progress. */
export interface FfmpegReport {
  /** Pictures encoded in all (of the first rendition). */
  frames: number;
  /** Seconds of media made in all. */
  seconds: number;
  /** Pictures repeated to fill a gap, and left out, in all. */
  duplicated: number;
  dropped: number;
}

/** Reads -progress line by line (`key=value`, a block ends with `progress=`); `onReport` gets each whole block. */
export function readProgress(onReport: (report: FfmpegReport) => void): (line: string) => void {
  const fields = new Map<string, string>();
  const number = (key: string): number => {
    const value = Number(fields.get(key));
    return Number.isFinite(value) ? value : 0;
  };
  return line => {
    const [key = '', value = ''] = line.split('=', 2);
    fields.set(key.trim(), value.trim());
    if (key !== 'progress') return;
    onReport({
      frames: number('frame'),
      seconds: number('out_time_us') / 1_000_000,
      duplicated: number('dup_frames'),
      dropped: number('drop_frames'),
    });
  };
}
