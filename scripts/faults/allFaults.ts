import { clusterFaults } from './clusterFaults.ts';
import { encoderFaults } from './encoderFaults.ts';
import type { Fault } from './fault.ts';

/** Every fault that `npm run faults` can inject. */
export const allFaults: readonly Fault[] = [...encoderFaults, ...clusterFaults];
