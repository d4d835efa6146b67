/** More slices cost quality, and a live picture up to 1080p60 needs no more. */
const MOST = 4;

/**
 * Threads of one libx264 encode. libx264's own choice is one for each core, so that N streams on N cores would have N² of them. FFmpeg
 * before 7.0 encodes the renditions of a ladder one after the other, so the cores are not divided among them.
 * @param setting ENCODER_THREADS; 0: by the host
 */
export const encoderThreads = (setting: number, cores: number): number =>
  setting > 0 ? setting : Math.max(1, Math.min(MOST, cores));
