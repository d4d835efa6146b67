import type { StreamSample } from '../../../common/stream/streamSample.ts';
import type { RuleInput } from './healthRule.ts';

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

/** What rules read of a connection's last samples. */
export const ruleWindow = { latest, total, ownTotal, median };
