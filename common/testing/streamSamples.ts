import type { StreamSample } from '../stream/streamSample.ts';

const well: Omit<StreamSample, 'time'> = {
  ...{ kbps: 2_000, rttMs: 20, latencyMs: 200, packets: 190, lost: 0, dropped: 0, retransmitted: 0, belated: 0 },
  ...{ undecryptable: 0, bufferMs: 200, linkMbps: 100, fps: 30, speed: 1, behindSeconds: 0.5, duplicated: 0 },
  ...{ droppedFrames: 0, decodeErrors: 0, keySeconds: 2, audioSilentSeconds: 0, jumps: 0, continuityErrors: 0 },
  ...{ lagMs: -1, backlog: 0, backlogMs: 0, retries: 0, gaps: 0, renditionKbps: [1_800] },
};

/** A second of a stream that is well, but for what is given. */
export const sampleOf = (time: number, figures: Partial<StreamSample> = {}): StreamSample => ({
  ...well,
  time,
  ...figures,
});
