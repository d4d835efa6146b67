import { z } from 'zod';

const count = z.int().min(0).max(1_000);

/** Bytes of a beacon's body. */
export const BEACON_MAX = 1_024;

/** What a viewer's page reports of its playing since its last beacon. Nothing in it is personal. */
export const viewerBeacon = z.strictObject({
  /** By chance, for the life of a page: it tells a page's beacons from another's. */
  viewer: z.int().min(0).max(0xffff_ffff),
  /** Times that the picture stood still. */
  stalls: count,
  /** Errors from which the player had to begin anew. */
  errors: count,
  /** From loading the playlist to the first picture; once. */
  join_ms: z.int().min(0).max(120_000).optional(),
});

export type ViewerBeacon = z.infer<typeof viewerBeacon>;

/** How the pages report: a beacon in so many seconds, at most one in each of the windows in which viewers are counted. */
export const BEACON_SECONDS = 15;
