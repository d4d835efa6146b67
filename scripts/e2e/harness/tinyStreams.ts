/** Environment for streams that cost next to nothing: one small picture, segments of one second. */
export const tinyStreams = {
  HLS_SEGMENT_SECONDS: '1',
  GOP_SECONDS: '1',
  VIDEO_PRESET: 'ultrafast',
  SINGLE: JSON.stringify({ width: 160, height: 90, video: 200, audio: 64 }),
};

/** What the tiny streams' encoder sends. */
export const tinySource = { size: '160x90', fps: 15, gop: 1 };

/** How long a fault lasts (s): short in CI, a minute with LIVETRAN_LONG=1. */
export const faultSeconds = (short: number): number => (process.env.LIVETRAN_LONG ? 60 : short);
