import { z } from 'zod';

/** What a key may do. One does not contain another: a key has each that it needs. */
export const scopes = ['streams:read', 'streams:write', 'admin'] as const;
export type Scope = (typeof scopes)[number];

const whole = (max: number) => {
  const error = `must be a whole number from 1 to ${max}`;
  return z.int({ error }).min(1, { error }).max(max, { error });
};

export const keyId = z
  .string({ error: 'must be a text' })
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 _ -');

/** What an API key has beside its id and its secret. The one list, for API_KEYS and for /v1/keys. */
export const keySettings = {
  scopes: z
    .array(z.enum(scopes, { error: `must be some of ${scopes.join(', ')}` }), { error: 'must be a list of scopes' })
    .min(1, 'must have at least one scope')
    .max(scopes.length * 2, 'must be a list of scopes')
    .transform(list => [...new Set(list)]),
  /** From then on the key is refused. */
  not_after: z.iso
    .datetime({ offset: true, error: 'must be a time in ISO 8601, e.g. 2027-01-31T00:00:00Z' })
    .optional(),
  /** Default: RATE_LIMIT_PER_KEY. */
  requests_per_minute: whole(60_000_000).optional(),
  /** Streams of this key that may be not STOPPED. Default: MAX_STREAMS alone counts. */
  max_streams: whole(1_000_000).optional(),
  starts_per_minute: whole(1_000_000).optional(),
};

const configuredKey = z.strictObject({
  id: keyId,
  secret: z.string({ error: 'must be a text' }).min(16, 'must have at least 16 characters'),
  ...keySettings,
});

export type ConfiguredKey = z.infer<typeof configuredKey>;

/** API_KEYS: keys beside HMAC_SECRET, which is the key `default`. */
export const configuredKeys = z
  .array(configuredKey, { error: 'must be a JSON list of keys' })
  .max(1_000, 'must have at most 1000 keys')
  .superRefine((list, context) => {
    const seen = new Set(['default']);
    for (const [i, { id }] of list.entries()) {
      const message = id === 'default' ? 'default is the key of HMAC_SECRET' : 'another key has this id';
      if (seen.has(id)) context.addIssue({ code: 'custom', path: [i, 'id'], message });
      seen.add(id);
    }
  });
