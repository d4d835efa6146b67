import { z } from 'zod';
import { fields } from '../../common/redis/fields.ts';
import { streamStates } from '../../common/stream/streamState.ts';

/** What a router reads of a stream's record. */
export const routeFields = [
  'run',
  'token',
  'state',
  'reason',
  'desired',
  'ingest',
  'owner',
  'keyAccepted',
  'keyFloor',
  'ringMs',
] as const;

const stored = z.object({
  run: fields.word,
  /** The owner's fencing token. */
  token: fields.word.default('0'),
  state: z.enum(streamStates),
  reason: z.string().default(''),
  desired: z.enum(['run', 'stop']).default('run'),
  /** `<token>/<port>/<host>`: where the owner with that token listens. */
  ingest: z
    .string()
    .regex(/^\d+\/\d{1,5}\/\S{1,255}$/)
    .optional(),
  owner: z.string().optional(),
  keyAccepted: z.string().optional(),
  keyFloor: z.coerce.number().default(0),
  ringMs: z.coerce.number().min(0).optional(),
});

/** Where a worker listens for one stream. */
export interface Target {
  host: string;
  port: number;
}

/** A stream, as far as its callers' way is concerned. */
export interface StreamRoute {
  run: string;
  token: string;
  /** STOPPED, or about to be. */
  over: boolean;
  /** A key of this run got in once: keys of it stay good after they have expired. */
  keyAccepted: boolean;
  /** Keys of earlier generations are revoked. */
  keyFloor: number;
  /** Why it is in its state, as its owner says. */
  reason: string;
  /** How much of its media a next worker needs, to go on where what viewers have ends. Undefined: not known. */
  ringMs: number | undefined;
  /** Undefined: no worker listens for it. */
  target: Target | undefined;
}

/** Reads HMGET's answer for `routeFields`. Undefined when there is no such stream; throws when the record does not parse. */
export function parseStreamRoute(values: readonly (string | null)[]): StreamRoute | undefined {
  if (typeof values[0] !== 'string') return undefined;
  const given = Object.fromEntries(routeFields.flatMap((name, i) => (values[i] == null ? [] : [[name, values[i]]])));
  const record = stored.parse(given);
  const { run, token, reason, keyFloor, ringMs } = record;
  return {
    ...{ run, token, reason, keyFloor, ringMs },
    over: record.state === 'STOPPED' || record.desired === 'stop',
    keyAccepted: record.keyAccepted === '1',
    target: targetOf(record),
  };
}

/** A new owner does not listen yet: what the record says then is where the one before did. */
function targetOf({ token, ingest, owner }: z.infer<typeof stored>): Target | undefined {
  const [by, port, host] = ingest?.split('/') ?? [];
  if (by !== token || host === undefined || owner === undefined || owner.endsWith('/dead')) return undefined;
  return { host, port: Number(port) };
}
