import type { HealthRule } from './healthRule.ts';
import { ruleWindow } from './ruleWindow.ts';

const { latest, total, median } = ruleWindow;
const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;

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

/** Faults of the way to the worker. */
export const networkRules = { packetsDropped, packetsLost, rttHigh };
