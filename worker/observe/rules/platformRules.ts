import type { HealthRule } from './healthRule.ts';
import { ruleWindow } from './ruleWindow.ts';

const { latest, total } = ruleWindow;
const seconds = (value: number): string => value.toFixed(1);

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

/** Faults of the worker and of the store. */
export const platformRules = { slowEncode, uploadLate, segmentsLost };
