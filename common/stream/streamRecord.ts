import { z } from 'zod';
import { fields } from '../redis/fields.ts';
import { passphrase } from '../srt/passphrase.ts';
import { lastError } from './lastError.ts';
import { lastRefusal } from './lastRefusal.ts';
import { streamHealth } from './streamHealth.ts';
import { streamLatency } from './streamLatency.ts';
import { streamMetadata } from './streamMetadata.ts';
import { streamPlayback } from './streamPlayback.ts';
import { streamProfile } from './streamProfile.ts';
import { streamSource } from './streamSource.ts';
import { type StreamReason, streamStates } from './streamState.ts';

const { ms, urls, word } = fields;
const seconds = z.coerce.number().positive().optional();
const flag = z.string().transform(s => s === '1');

/** A stream's record as Redis holds it: a hash of strings. */
const storedRecord = z
  .object({
    streamId: z.string(),
    run: word,
    state: z.enum(streamStates),
    reason: z.string().transform(s => s as StreamReason),
    desired: z.enum(['run', 'stop']).default('run'),
    /** Absent in a record of a version that had no profiles: `abr` says which it is. */
    profile: streamProfile.optional(),
    abr: flag,
    latency: streamLatency.default('standard'),
    playback: streamPlayback.default('public'),
    record: flag.default(false),
    dvr: flag.default(false),
    webhookUrls: urls,
    /** Those that left `webhookUrls`, because the receiver answered 410. */
    endedWebhooks: urls.default([]),
    title: z.string().default(''),
    /** JSON in Redis. */
    metadata: fields.json.pipe(streamMetadata).default({}),
    /** This stream's own windows and limit, in seconds; undefined: the worker's settings, and no limit. */
    connectTimeoutSeconds: seconds,
    reconnectTimeoutSeconds: seconds,
    maxDurationSeconds: seconds,
    /** Of the request that started this run, where it had an Idempotency-Key. */
    startedBy: word.optional(),
    /** Grows with each change that is not the owner's. */
    edits: z.coerce.number().default(0),
    /** When the run was first READY and STREAMING, and when it STOPPED. */
    readyAt: ms.optional(),
    streamingAt: ms.optional(),
    stoppedAt: ms.optional(),
    createdAt: ms,
    updatedAt: ms,
    token: word.default('0'),
    seq: z.coerce.number().default(0),
    /** When the owner's lease expires; undefined: the stream has no owner. */
    leaseUntil: ms.optional(),
    /** Why the source is transcoded instead of passed on (SourceFault); '': it is not. */
    fallback: z.string().default(''),
    /** The owner: its process's mark in the spool of its node, a slash, and an id for each claim. */
    owner: z.string().optional(),
    node: z.string().optional(),
    worker: z.string().optional(),
    port: z.coerce.number().optional(),
    srtUrl: z.string().optional(),
    streamLink: z.string().optional(),
    /** Of the recording, once it is in the store. */
    recordingLink: z.string().optional(),
    /** A sentence for people: the last event's text. */
    update: z.string().optional(),
    /** The encoder that was refused last, as JSON (LastRefusal). */
    lastRefusal: lastRefusal.optional(),
    /** How the stream is, as JSON (StreamHealth); undefined: no encoder is connected, or another version wrote it. */
    health: streamHealth.optional().catch(undefined),
    /** What went wrong last, as JSON (LastError); undefined: nothing did, or another version wrote it. */
    lastError: lastError.optional().catch(undefined),
    /** The encoder that connected last, `ip:port`. */
    peer: z.string().optional(),
    /** What it sends and what is made of it, as JSON (StreamSource); undefined: none is connected, or it is not known yet. */
    source: streamSource.optional().catch(undefined),
    /** '1' once an encoder got in with the stream key: it stays good for reconnects after it has expired. */
    keyAccepted: z.string().optional(),
    /** Of the newest stream key that was requested. Keys count from 0 in each run. */
    keyGeneration: z.coerce.number().default(0),
    /** Keys of earlier generations are revoked. */
    keyFloor: z.coerce.number().default(0),
    /** Of the key in `srtUrl`: less than `keyGeneration` until the owner has made the new key. */
    urlGeneration: z.coerce.number().default(0),
    /** The encoder must have it, too; undefined: the stream is not encrypted. */
    passphrase: passphrase.optional(),
  })
  .transform(({ profile, ...record }) => ({ ...record, profile: profile ?? (record.abr ? 'ladder' : 'transcode') }));

/** One stream: the desired state (`desired`) apart from the actual one (`state`). Times are ms since 1970. */
export type StreamRecord = z.infer<typeof storedRecord>;

/** Reads a record from HGETALL's answer; undefined when there is none. */
export function parseStreamRecord(hash: Record<string, string>): StreamRecord | undefined {
  return hash.streamId === undefined ? undefined : storedRecord.parse(hash);
}
