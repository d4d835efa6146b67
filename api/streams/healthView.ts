import { z } from 'zod';
import { healthFaults, healthProblems } from '../../common/stream/healthProblems.ts';
import type { StreamHealth } from '../../common/stream/streamHealth.ts';
import type { StreamRecord } from '../../common/stream/streamRecord.ts';

const time = z.iso.datetime();

/** How a stream with an encoder is, as the resource API shows it. */
export const healthView = z
  .object({
    status: z.enum(['good', 'degraded']),
    since: time.meta({ description: 'Since when it has this status.' }),
    problems: z
      .array(
        z.object({
          code: z.enum(Object.keys(healthProblems) as [string]).meta({ description: 'docs/events.md lists them.' }),
          fault: z.enum(healthFaults).meta({ description: 'Where to look first.' }),
          since: time,
          message: z.string().meta({ description: 'What, and how much.' }),
          advice: z.string().meta({ description: 'What to do.' }),
        }),
      )
      .meta({ description: 'What is wrong now, the oldest first.' }),
  })
  .meta({ id: 'StreamHealth' });

/** null: no encoder is connected, so there is nothing to say. */
export const healthOf = ({ health, state }: StreamRecord): z.output<typeof healthView> | null =>
  health && state === 'STREAMING' ? viewHealth(health) : null;

function viewHealth({ since, problems }: StreamHealth): z.output<typeof healthView> {
  return {
    status: problems.length === 0 ? 'good' : 'degraded',
    since: new Date(since).toISOString(),
    problems: problems.map(problem => ({ ...problem, since: new Date(problem.since).toISOString() })),
  };
}
