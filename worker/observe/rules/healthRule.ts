import type { HealthFault, HealthProblemCode } from '../../../common/stream/healthProblems.ts';
import type { StreamSample } from '../../../common/stream/streamSample.ts';

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
