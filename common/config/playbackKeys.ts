import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { keyId } from './apiKeys.ts';

const playbackKey = z.strictObject({
  id: keyId,
  // HS256 wants as many bytes as its digest has (RFC 7518, 3.2).
  secret: z.string({ error: 'must be a text' }).min(32, 'must have at least 32 characters'),
});

export type PlaybackKey = z.infer<typeof playbackKey>;

/** PLAYBACK_KEYS: what viewers' tokens are signed with. The first signs; all are accepted, so that one can replace another. */
export const playbackKeys = z
  .array(playbackKey, { error: 'must be a JSON list of keys' })
  .min(1, 'must have at least one key')
  .max(10, 'must have at most 10 keys')
  .refine(list => new Set(list.map(({ id }) => id)).size === list.length, { error: 'must not have an id twice' });

const LABEL = 'livetran playback tokens v1';

/** The key where PLAYBACK_KEYS is not set: `default`, with hex(hmac_sha256(label, HMAC_SECRET)). It signs nothing but viewers' tokens. */
export const derivedPlaybackKey = (hmacSecret: string): PlaybackKey => ({
  id: 'default',
  secret: createHmac('sha256', hmacSecret).update(LABEL).digest('hex'),
});
