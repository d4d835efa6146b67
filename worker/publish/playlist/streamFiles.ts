/** The names of one stream's objects. A key is `<stream id>/<file>`; the file names are the spool's too. */
export interface StreamFiles {
  /** Per rendition, what its list's and segments' names start with. */
  stems: readonly string[];
  /** Per rendition, its media playlist's key. */
  playlistKeys: readonly string[];
  /** The multivariant playlist's key; a single profile has none. */
  multivariantKey: string | undefined;
  /** The key whose URL viewers get. */
  linkKey: string;
}

/** @param renditions how many a ladder has; undefined for the single profile, whose names carry no rendition */
export function streamFiles(streamId: string, renditions: number | undefined): StreamFiles {
  const stems =
    renditions === undefined
      ? [streamId]
      : Array.from({ length: renditions }, (_, rendition) => `${streamId}_${rendition}`);
  const keyOf = (file: string): string => `${streamId}/${file}`;
  const multivariantKey = renditions === undefined ? undefined : keyOf(`${streamId}_master.m3u8`);
  return {
    stems,
    playlistKeys: stems.map(stem => keyOf(`${stem}.m3u8`)),
    multivariantKey,
    linkKey: multivariantKey ?? keyOf(`${streamId}.m3u8`),
  };
}

/** The names of one run's recording: per rendition its VOD playlist, and for a ladder their multivariant playlist. */
export function recordingFiles(streamId: string, run: string, renditions: number | undefined) {
  const base = `${streamId}/${streamId}_vod_${run}`;
  const ladder = Array.from({ length: renditions ?? 0 }, (_, rendition) => `${base}_${rendition}.m3u8`);
  return {
    playlistKeys: renditions === undefined ? [`${base}.m3u8`] : ladder,
    multivariantKey: renditions === undefined ? undefined : `${base}_master.m3u8`,
  };
}

/** FFmpeg's `<stem>_%03d.ts`. */
export function segmentFile(stem: string, number: number): string {
  return `${stem}_${String(number).padStart(3, '0')}.ts`;
}

/** A segment's number from its file name or key: `…_<number>.ts`. Undefined for any other file. */
export function segmentNumber(file: string): number | undefined {
  const digits = /_(\d{3,15})\.ts$/.exec(file)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
