import { variables } from '../../common/config/variables.ts';
import { stopDeadlines } from '../../worker/start/stopDeadlines.ts';

/** Seconds that a supervisor has to leave a worker between SIGTERM and SIGKILL: its own deadlines, and 5 s to exit. */
export function supervisorSeconds(drainSeconds = variables.parse({}).DRAIN_SECONDS): number {
  return drainSeconds + stopDeadlines.exitMs / 1_000 + 5;
}
