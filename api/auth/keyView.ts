import { z } from 'zod';
import { scopes } from '../../common/config/apiKeys.ts';
import type { HeldKey } from './keyRing.ts';

const time = z.iso.datetime();
const limit = z.int().nullable();

/** A key as the API shows it: without its secret. */
export const keyView = z
  .object({
    id: z.string(),
    scopes: z.array(z.enum(scopes)),
    not_after: time.nullable().meta({ description: 'From then on the key is refused; null: it does not expire.' }),
    requests_per_minute: limit.meta({ description: 'null: RATE_LIMIT_PER_KEY counts.' }),
    max_streams: limit.meta({ description: 'Streams of this key that may be not STOPPED.' }),
    starts_per_minute: limit,
    created_at: time.nullable(),
    source: z.enum(['configuration', 'api']).meta({ description: 'Keys of the configuration cannot be deleted here.' }),
  })
  .meta({ id: 'Key' });

export function viewKey(key: HeldKey): z.output<typeof keyView> {
  return {
    id: key.id,
    scopes: [...key.scopes],
    not_after: isoOf(key.notAfter),
    requests_per_minute: key.requestsPerMinute ?? null,
    max_streams: key.maxStreams ?? null,
    starts_per_minute: key.startsPerMinute ?? null,
    created_at: isoOf(key.createdAt),
    source: key.source,
  };
}

const isoOf = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());
