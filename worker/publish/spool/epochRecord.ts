import { z } from 'zod';

/** What a sweep needs to queue an epoch's closed segments again; written beside its folder, as `<folder>.json`. */
export const epochRecord = z.object({
  streamId: z.string(),
  run: z.string(),
  token: z.string(),
  /** By rendition: the files are `<stem>_<number>.ts`. */
  stems: z.array(z.string()).readonly(),
  /**
   * What says that a file is closed. `list`: FFmpeg's `<stem>.m3u8` has come as far as its number. `name`: it has this name,
   * since its writer renames it then. Default: `list`.
   */
  closedBy: z.enum(['list', 'name']).optional(),
  firstNumber: z.number(),
  /** ms since 1970. */
  startedAt: z.number(),
  /** The mark of the process that writes it (processLiveness.ts). */
  owner: z.string().optional(),
});

export type EpochRecord = z.infer<typeof epochRecord>;
