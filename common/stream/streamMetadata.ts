import { z } from 'zod';

const nameRule = 'a name must be 1 to 64 of A-Z a-z 0-9 _ . -';

/** What is wrong with metadata as a whole, or with one of its names. */
export const metadataError = (issue: { code?: string }): string =>
  issue.code === 'invalid_key' ? nameRule : 'must be an object of strings';

/** The app's own words about a stream: short texts by name. Livetran keeps them and shows them, and does nothing with them. */
export const streamMetadata = z.record(
  z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, nameRule),
  z.string({ error: 'must be a string' }).max(4_096, 'must have at most 4096 characters'),
  { error: metadataError },
);

export type StreamMetadata = z.infer<typeof streamMetadata>;

export const streamTitle = z.string({ error: 'must be a string' }).max(256, 'must have at most 256 characters');

/** Bytes of a stream's title and metadata, as JSON. */
export const METADATA_MAX = 4_096;

export const metadataRule = `title and metadata must have at most ${METADATA_MAX} bytes together, as JSON`;

export const metadataFits = (title: string, metadata: StreamMetadata): boolean =>
  Buffer.byteLength(JSON.stringify({ title, metadata })) <= METADATA_MAX;
