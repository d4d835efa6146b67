import type { HealthFault, HealthProblemCode } from '../../../common/stream/healthProblems.ts';
import type { EncoderOptions } from '../harness/encoder.ts';
import type { HealthStage, StagedStream } from './healthStage.ts';
import { throttle } from './throttle.ts';

/** A fault that a live stream gets, and what its health has to say then. */
export interface StagedFault {
  id: string;
  what: string;
  profile: 'passthrough' | 'transcode';
  encoder?: Partial<EncoderOptions>;
  /** One of these has to be named. */
  problems: readonly HealthProblemCode[];
  fault: HealthFault;
  /** From the fault to its webhook, at most (ms). */
  withinMs: number;
  /** Begins the fault. Resolves to what ends it. */
  begin(stream: StagedStream, stage: HealthStage): Promise<() => unknown> | (() => unknown);
}

const MEDIA_SEGMENT_MS = 4_000;
const IN_TIME_MS = 5_000;
/** A PUT of a segment, in place of some ms. */
const SLOW_PUT_MS = 9_000;

/** A constant 2 Mbit/s: 190 packets a second, so that 2 % loss are four of them. */
const steady: Partial<EncoderOptions> = {
  codecs: [
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '60'],
    ...['-b:v', '2M', '-minrate', '2M', '-maxrate', '2M', '-bufsize', '1M', '-x264-params', 'nal-hrd=cbr'],
    ...['-c:a', 'aac', '-b:a', '96k'],
  ],
};

export const lossFault = (percent: number): StagedFault => ({
  id: `loss-${percent}`,
  what: `${percent} % of the packets lost, both ways`,
  profile: 'passthrough',
  encoder: steady,
  problems: ['packets_lost', 'packets_dropped'],
  fault: 'network',
  withinMs: IN_TIME_MS,
  begin: stream => {
    stream.lose(percent / 100);
    return () => stream.lose(0);
  },
});

export const slowStore: StagedFault = {
  id: 'slow-store',
  what: `each PUT of a segment takes ${SLOW_PUT_MS / 1_000} s`,
  profile: 'passthrough',
  problems: ['upload_late'],
  fault: 'storage',
  withinMs: 2 * MEDIA_SEGMENT_MS,
  begin: ({ id }, { cluster }) => {
    cluster.faults?.set({ kind: 'delay', method: 'PUT', match: new RegExp(`/${id}_.*\\.ts`), delayMs: SLOW_PUT_MS });
    return () => cluster.faults?.clear();
  },
};

/** What the encoder does wrong begins with its connection. */
const badEncoder = (given: Pick<StagedFault, 'id' | 'what' | 'problems'> & { encoder: Partial<EncoderOptions> }) => ({
  ...given,
  encoder: {},
  ...({ profile: 'passthrough', fault: 'encoder', withinMs: IN_TIME_MS } as const),
  begin: async (stream: StagedStream) => {
    await stream.replaceEncoder(given.encoder);
    return () => stream.replaceEncoder();
  },
});

export const noAudio: StagedFault = badEncoder({
  id: 'no-audio',
  what: 'an encoder without audio',
  problems: ['no_audio'],
  encoder: { audio: false },
});

export const rareKeyFrames: StagedFault = {
  ...badEncoder({
    id: 'key-frames',
    what: 'an encoder with a key frame each 10 s',
    problems: ['key_frames_far_apart'],
    encoder: { gop: 10 },
  }),
  // 4 s are well, so it shows after these, and there is one sample a second.
  withinMs: IN_TIME_MS + 500,
};

export const starvedEncode: StagedFault = {
  id: 'starved-encode',
  what: 'FFmpeg gets 0.5 % of the CPU',
  profile: 'transcode',
  problems: ['slow_encode'],
  fault: 'worker',
  withinMs: IN_TIME_MS,
  begin: ({ id }, stage) => throttle(stage.ffmpegPid(id), { runMs: 5, periodMs: 1_000 }),
};

/** As a container whose quota is too small: the worker's own process is held up, too. */
export const starvedWorker: StagedFault = {
  ...starvedEncode,
  id: 'starved-worker',
  what: 'the same, and its worker gets 30 %',
  begin: ({ id }, stage) => {
    const ends = [
      throttle(stage.ffmpegPid(id), { runMs: 5, periodMs: 1_000 }),
      ...stage.cluster.workers.map(({ pid }) => throttle(pid, { runMs: 30, periodMs: 100 })),
    ];
    return () => {
      for (const end of ends) end();
    };
  },
};
