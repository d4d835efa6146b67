import { z } from 'zod';
import type { Audience } from '../viewers/audience.ts';

/** What viewers report of their playing, as the resource API shows it. */
export const audienceView = z
  .object({
    viewers: z.int().meta({ description: 'Pages that play the stream now, or did within the last 40 s.' }),
    stalls_per_minute: z.int().meta({
      description: 'Times that the picture of a viewer stood still in the last minute, all viewers together.',
    }),
    errors_per_minute: z.int().meta({ description: 'Errors from which a player had to begin anew, likewise.' }),
    join_ms_p50: z
      .int()
      .nullable()
      .meta({ description: 'From loading the playlist to the first picture, the median of the last five minutes.' }),
  })
  .meta({ id: 'Audience', description: 'What the watch page and the embedded player report (docs/watching.md).' });

/** @param audience undefined: nobody has reported the stream */
export const viewAudience = (audience: Audience | undefined): z.output<typeof audienceView> => ({
  viewers: audience?.viewers ?? 0,
  stalls_per_minute: audience?.stallsPerMinute ?? 0,
  errors_per_minute: audience?.errorsPerMinute ?? 0,
  join_ms_p50: audience?.joinMsP50 ?? null,
});
