import type { HealthProblem, StreamHealth } from '../../common/stream/streamHealth.ts';
import type { StreamSample } from '../../common/stream/streamSample.ts';
import type { HealthRule, RuleInput } from './rules/healthRule.ts';
import { healthRules } from './rules/healthRules.ts';

/** A problem is over when its rule has found nothing for so many samples. */
const WELL_SAMPLES = 10;
const WINDOW = 60;

interface Active {
  problem: HealthProblem;
  well: number;
}

export interface HealthChange {
  health: StreamHealth;
  /** Came with this sample. */
  added: readonly HealthProblem[];
  /** Are over with this sample. */
  ended: readonly HealthProblem[];
}

/** Judges one connection's samples by the rules, with hysteresis. Pure: time is what the samples say. */
export class HealthJudge {
  readonly #segmentSeconds: number;
  readonly #rules: readonly HealthRule[];
  readonly #samples: StreamSample[] = [];
  readonly #active = new Map<string, Active>();
  #seen = 0;
  #since: number | undefined;

  constructor(options: { segmentSeconds: number; rules?: readonly HealthRule[] }) {
    this.#segmentSeconds = options.segmentSeconds;
    this.#rules = options.rules ?? healthRules;
  }

  /** The next second. Undefined while nothing comes and nothing ends; the first call always says how the stream is. */
  push(sample: StreamSample): HealthChange | undefined {
    this.#samples.push(sample);
    this.#seen += 1;
    if (this.#samples.length > WINDOW) this.#samples.shift();
    const added: HealthProblem[] = [];
    const ended: HealthProblem[] = [];
    for (const rule of this.#rules) this.#apply(rule, sample.time, added, ended);
    const isFirst = this.#since === undefined;
    const wasWell = this.#active.size === added.length;
    if (isFirst || (added.length > 0 && wasWell) || (ended.length > 0 && this.#active.size === 0))
      this.#since = sample.time;
    if (!isFirst && added.length === 0 && ended.length === 0) return undefined;
    return { health: this.health, added, ended };
  }

  /** How the stream is now, with the latest figures. */
  get health(): StreamHealth {
    const problems = [...this.#active.values()].map(({ problem }) => problem);
    return { since: this.#since ?? 0, problems: problems.toSorted((a, b) => a.since - b.since) };
  }

  #apply(rule: HealthRule, time: number, added: HealthProblem[], ended: HealthProblem[]): void {
    const { code } = rule;
    const active = this.#active.get(code);
    const finding = this.#seen <= rule.graceSeconds ? undefined : rule.find(this.#input(), active !== undefined);
    if (finding !== undefined) {
      const problem = { code, fault: rule.fault, ...finding, since: active?.problem.since ?? time };
      this.#active.set(code, { problem, well: 0 });
      if (!active) added.push(problem);
    } else if (active !== undefined) {
      active.well += 1;
      if (active.well < WELL_SAMPLES) return;
      this.#active.delete(code);
      ended.push(active.problem);
    }
  }

  #input(): RuleInput {
    return {
      samples: this.#samples,
      segmentSeconds: this.#segmentSeconds,
      active: new Set([...this.#active.values()].map(({ problem }) => problem.code)),
    };
  }
}
