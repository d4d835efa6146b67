import type { RoomView } from './controlRoom.ts';
import type { FaultLab } from './faultLab.ts';

/** Something that goes wrong in a cluster, and where the control room shows it. */
export interface Fault {
  name: string;
  /** What happens, for the person who looked for it. */
  what: string;
  /** Where the control room shows it. */
  shows: string;
  /** Settings of the cluster. */
  env?: Record<string, string>;
  /** Begins with nothing, ends with the fault. */
  inject(lab: FaultLab): Promise<void>;
  /** Whether what the control room shows names the cause. */
  isNamed(view: RoomView): boolean;
  /** Brings back what must be there for a stop in order. */
  undo?(lab: FaultLab): void;
}
