import type { HealthFault, HealthProblemCode } from '../../common/stream/healthProblems.ts';
import type { StreamSample } from '../../common/stream/streamSample.ts';

/** What a rule has found: the sentences of a problem. */
export interface Finding {
  message: string;
  advice: string;
  /** Where it is not the rule's own. */
  fault?: HealthFault;
}

export interface RuleInput {
  /** Of this connection, oldest first, one a second; at least one. */
  samples: readonly StreamSample[];
  segmentSeconds: number;
  /** Problems that this rule's may come from. */
  active: ReadonlySet<HealthProblemCode>;
}

export interface HealthRule {
  code: HealthProblemCode;
  fault: HealthFault;
  /** So many seconds of a connection are not judged: starts are rough. */
  graceSeconds: number;
  /** @param isActive the problem is there already: it goes below a lower threshold only */
  find(input: RuleInput, isActive: boolean): Finding | undefined;
}

type Count = {
  [Key in keyof StreamSample]: StreamSample[Key] extends number ? Key : never;
}[keyof StreamSample];

const latest = ({ samples }: RuleInput): StreamSample => samples.at(-1) as StreamSample;
const total = ({ samples }: RuleInput, key: Count, seconds: number): number =>
  samples.slice(-seconds).reduce((sum, sample) => sum + sample[key], 0);

/** FFmpeg and the segmenter report what a lost packet did up to so many seconds later. */
const AFTERMATH = 6;

/** The same, without what packets that SRT could not bring have done. */
function ownTotal({ samples, active }: RuleInput, key: Count, seconds: number): number {
  if (active.has('packets_dropped')) return 0;
  const first = Math.max(0, samples.length - seconds);
  const own = samples.slice(first).filter((_sample, i) => {
    const around = samples.slice(Math.max(0, first + i - AFTERMATH), first + i + 2);
    return around.every(({ dropped }) => dropped === 0);
  });
  return own.reduce((sum, sample) => sum + sample[key], 0);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
const seconds = (value: number): string => value.toFixed(1);

const packetsDropped: HealthRule = {
  code: 'packets_dropped',
  fault: 'network',
  graceSeconds: 1,
  find(input, isActive) {
    const dropped = total(input, 'dropped', 4);
    const share = dropped / (total(input, 'packets', 4) + dropped || 1);
    if (dropped < (isActive ? 1 : 3) || share < (isActive ? 0.0005 : 0.001)) return undefined;
    const { rttMs, latencyMs } = latest(input);
    return {
      message: `${percent(share)} of the packets did not arrive in time, so viewers see a damaged picture`,
      advice: `Use a better connection, lower the bit rate, or raise the latency of the encoder (now ${latencyMs} ms with a round trip of ${Math.round(rttMs)} ms)`,
    };
  },
};

const packetsLost: HealthRule = {
  code: 'packets_lost',
  fault: 'network',
  graceSeconds: 1,
  find(input, isActive) {
    const lost = total(input, 'lost', 4);
    const share = lost / (total(input, 'packets', 4) + lost || 1);
    if (lost < (isActive ? 3 : 6) || share < (isActive ? 0.005 : 0.01)) return undefined;
    return {
      message: `${percent(share)} of the packets are lost on the way and sent again`,
      advice:
        'Use a wired or a better connection, or lower the bit rate; a higher latency gives lost packets more time',
    };
  },
};

const rttHigh: HealthRule = {
  code: 'rtt_high',
  fault: 'network',
  graceSeconds: 5,
  find(input, isActive) {
    const { latencyMs } = latest(input);
    // A worker that is too slow answers late: that is not the way's fault.
    if (latencyMs === 0 || input.samples.length < 5 || input.active.has('slow_encode')) return undefined;
    const rtt = median(input.samples.slice(-5).map(({ rttMs }) => rttMs));
    if (rtt < latencyMs / (isActive ? 3.5 : 2.5)) return undefined;
    return {
      message: `The round trip takes ${Math.round(rtt)} ms and the SRT latency is ${latencyMs} ms, so packets that are sent again come too late`,
      advice: `Set the latency of the encoder to ${Math.ceil((4 * rtt) / 100) * 100} ms`,
    };
  },
};

const bitRateCollapsed: HealthRule = {
  code: 'bit_rate_collapsed',
  fault: 'encoder',
  graceSeconds: 20,
  find(input, isActive) {
    const before = median(input.samples.slice(-60, -4).map(({ kbps }) => kbps));
    const now = Math.max(...input.samples.slice(-4).map(({ kbps }) => kbps));
    if (before < 100 || now === 0 || now >= before * (isActive ? 0.4 : 0.2)) return undefined;
    const isNetwork = input.active.has('packets_dropped') || input.active.has('packets_lost');
    return {
      message: `The encoder sends ${Math.round(now)} kbit/s, after ${Math.round(before)} kbit/s in the minute before`,
      advice: isNetwork
        ? 'The connection does not carry the bit rate. Lower it, or use a better connection'
        : 'Check the picture and the bit rate of the encoder',
      ...(isNetwork ? { fault: 'network' as const } : {}),
    };
  },
};

const nothingReceived: HealthRule = {
  code: 'nothing_received',
  fault: 'encoder',
  graceSeconds: 3,
  find({ samples }) {
    const silent = samples.length - 1 - samples.findLastIndex(({ packets }) => packets > 0);
    if (silent < 3) return undefined;
    return {
      message: `Nothing has come from the encoder for ${silent} s, and it is still connected`,
      advice: 'Check whether the encoder still sends, then its connection',
    };
  },
};

const undecryptable: HealthRule = {
  code: 'undecryptable',
  fault: 'encoder',
  graceSeconds: 0,
  find(input) {
    const count = total(input, 'undecryptable', 4);
    if (count === 0) return undefined;
    return {
      message: `${count} packets could not be decrypted`,
      advice: 'Check the passphrase of the encoder and connect it again',
    };
  },
};

const noAudio: HealthRule = {
  code: 'no_audio',
  fault: 'encoder',
  graceSeconds: 2,
  find(input) {
    const silent = latest(input).audioSilentSeconds;
    if (silent === -1)
      return { message: 'The encoder sends no audio', advice: 'Add an audio track, unless this is wanted' };
    if (silent < 3 || input.active.has('packets_dropped')) return undefined;
    const forHow = silent >= 3_600 ? 'so far' : `for ${Math.round(silent)} s`;
    return {
      message: `No audio has come ${forHow}, though the encoder announces it`,
      advice: 'Check the audio source of the encoder',
    };
  },
};

const keyFramesFarApart: HealthRule = {
  code: 'key_frames_far_apart',
  fault: 'encoder',
  graceSeconds: 0,
  find(input, isActive) {
    const { keySeconds } = latest(input);
    // Segments of 4 s are usual, with a key frame at each begin. A key frame that did not arrive is not the encoder's fault.
    if (keySeconds <= (isActive ? 4.1 : 4.15) || input.active.has('packets_dropped')) return undefined;
    return {
      message: `The last key frames of the encoder are ${seconds(keySeconds)} s apart`,
      advice: 'Set the key-frame interval of the encoder to 2 s (OBS: Output, Keyframe Interval)',
    };
  },
};

const timestampsJumped: HealthRule = {
  code: 'timestamps_jumped',
  fault: 'encoder',
  graceSeconds: 0,
  find(input) {
    const jumps = ownTotal(input, 'jumps', 20);
    if (jumps === 0) return undefined;
    return {
      message: `The timestamps of the encoder jumped ${jumps} times in the last 20 s`,
      advice: 'Check the clock and the sources of the encoder; start it again if that goes on',
    };
  },
};

/** Packets that SRT could not bring make errors further on: those are not the encoder's. */
const sourceErrors = (
  code: 'continuity_errors' | 'decode_errors',
  key: 'continuityErrors' | 'decodeErrors',
  sentence: (count: number) => Finding,
): HealthRule => ({
  code,
  fault: 'encoder',
  graceSeconds: 3,
  find(input, isActive) {
    const count = ownTotal(input, key, 5);
    if (count < (isActive ? 1 : 3)) return undefined;
    return sentence(count);
  },
});

const continuityErrors = sourceErrors('continuity_errors', 'continuityErrors', count => ({
  message: `${count} breaks in the MPEG-TS of the encoder within 5 s, and SRT lost no packet`,
  advice: 'Look at what comes before SRT: the encoder is overloaded, or a relay loses packets',
}));

const decodeErrors = sourceErrors('decode_errors', 'decodeErrors', count => ({
  message: `FFmpeg reports ${count} errors in the source within 5 s, and SRT lost no packet`,
  advice: 'Look at the log of the worker for what FFmpeg says; the encoder sends a damaged picture or sound',
}));

const slowEncode: HealthRule = {
  code: 'slow_encode',
  fault: 'worker',
  graceSeconds: 4,
  find(input, isActive) {
    const { speed, behindSeconds } = latest(input);
    const behind = input.samples.slice(-4).map(sample => sample.behindSeconds);
    const isBehind = Math.min(...behind.slice(-2)) > (isActive ? 2.5 : 3);
    const fallsBack = behind.every((value, i) => i === 0 || value >= (behind[i - 1] ?? 0));
    const isFalling = fallsBack && behindSeconds > 1.5 && behindSeconds - (behind[0] ?? 0) >= 1;
    const isSlow = input.samples.length >= 12 && speed > 0 && speed < (isActive ? 0.97 : 0.9);
    if (!isBehind && !isFalling && !isSlow) return undefined;
    return {
      message: `Encoding runs at ${speed.toFixed(2)} times real time and is ${seconds(behindSeconds)} s behind`,
      advice: 'The worker has too little CPU: add workers, lower WORKER_STREAMS, or use a cheaper profile or preset',
    };
  },
};

const uploadLate: HealthRule = {
  code: 'upload_late',
  fault: 'storage',
  graceSeconds: 2,
  find(input, isActive) {
    const { backlog, backlogMs } = latest(input);
    // A second attempt comes in time. With segments of 4 s a store that is slow is named before the second one should be listed.
    const limitMs = Math.max(3, input.segmentSeconds * 0.75) * 1_000 * (isActive ? 0.7 : 1);
    const lagMs = Math.max(...input.samples.slice(-5).map(sample => sample.lagMs));
    if (Math.max(backlogMs, lagMs) <= limitMs) return undefined;
    const retries = total(input, 'retries', 10);
    const failed = retries > 0 ? `; ${retries} uploads failed within 10 s` : '';
    return {
      message:
        backlogMs > limitMs
          ? `${backlog} segments wait for the store, the oldest for ${seconds(backlogMs / 1_000)} s${failed}`
          : `Segments are listed ${seconds(lagMs / 1_000)} s after they were closed${failed}`,
      advice: 'Check the store and the connection to it. Segments stay in the spool until they are stored',
    };
  },
};

const segmentsLost: HealthRule = {
  code: 'segments_lost',
  fault: 'storage',
  graceSeconds: 0,
  find(input) {
    const gaps = total(input, 'gaps', 20);
    if (gaps === 0) return undefined;
    return {
      message: `${gaps} segments could not be stored in time and are gaps in the playlist`,
      advice: 'Look at the log of the worker for the error of the store',
    };
  },
};

/** In this order: a rule sees the problems of those before it. */
export const healthRules: readonly HealthRule[] = [
  packetsDropped,
  packetsLost,
  slowEncode,
  rttHigh,
  nothingReceived,
  bitRateCollapsed,
  undecryptable,
  noAudio,
  keyFramesFarApart,
  timestampsJumped,
  continuityErrors,
  decodeErrors,
  uploadLate,
  segmentsLost,
];
