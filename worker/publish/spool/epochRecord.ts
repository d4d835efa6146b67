import { z } from 'zod';

/** What a sweep needs to queue an epoch's closed segments again; written beside its folder, as `<folder>.json`. */
export const epochRecord = z.object({
  streamId: z.string(),
  run: z.string(),
  token: z.string(),
  /** By rendition: the files are `<stem>_<number>.ts`. A file that has this name is closed. */
  stems: z.array(z.string()).readonly(),
  firstNumber: z.number(),
  /** ms since 1970. */
  startedAt: z.number(),
  /** The mark of the process that writes it (processLiveness.ts). */
  owner: z.string().optional(),
});

export type EpochRecord = z.infer<typeof epochRecord>;
