import type { Finding, HealthRule } from './healthRule.ts';
import { ruleWindow } from './ruleWindow.ts';

const { latest, total, ownTotal, median } = ruleWindow;
const seconds = (value: number): string => value.toFixed(1);

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

/** Faults of what the encoder sends. */
export const sourceRules = {
  bitRateCollapsed,
  nothingReceived,
  undecryptable,
  noAudio,
  keyFramesFarApart,
  timestampsJumped,
  continuityErrors,
  decodeErrors,
};
