import { z } from 'zod';
import { errorCatalogue } from '../../common/errorCatalogue.ts';
import { sourceFaults } from '../../common/stream/sourceFaults.ts';
import { streamLatency } from '../../common/stream/streamLatency.ts';
import { streamMetadata } from '../../common/stream/streamMetadata.ts';
import { streamProfile } from '../../common/stream/streamProfile.ts';
import { streamReasons } from '../../common/stream/streamReasons.ts';
import type { StreamRecord } from '../../common/stream/streamRecord.ts';
import type { StreamSample } from '../../common/stream/streamSample.ts';
import { streamStates } from '../../common/stream/streamState.ts';
import { encoderView, viewEncoder } from './encoderView.ts';
import type { PlaybackPlaces } from './playbackUrls.ts';
import { playbackView, viewUrls } from './playbackView.ts';
import { sampleView, viewSample } from './sampleView.ts';

const time = z.iso.datetime();
const ownSeconds = z.number().nullable().meta({ description: "null: the worker's setting counts." });
const wordsOf = (list: object) => Object.keys(list) as [string];

/** A stream as the resource API shows it. Times are ISO 8601 in UTC; what is not there yet is null. */
export const streamView = z
  .object({
    stream_id: z.string(),
    run: z.string().meta({ description: 'Another one each time the stream is started.' }),
    state: z.enum(streamStates),
    reason: z.enum(wordsOf(streamReasons)).meta({ description: 'Why it is in this state (docs/events.md).' }),
    update: z.string().nullable().meta({ description: 'The same for people: a sentence.' }),
    stopping: z.boolean().meta({ description: 'The stream was asked to stop and has not STOPPED yet.' }),
    profile: streamProfile,
    fallback: z
      .enum(wordsOf(sourceFaults))
      .nullable()
      .meta({ description: 'Why the source is transcoded instead of passed on (docs/profiles.md).' }),
    abr: z.boolean(),
    encrypted: z.boolean().meta({ description: 'The stream has a passphrase.' }),
    latency: streamLatency,
    record: z.boolean(),
    dvr: z.boolean(),
    webhook_urls: z.array(z.string()),
    ended_webhooks: z
      .array(z.string())
      .meta({ description: 'Left `webhook_urls`, because the receiver answered 410. They get no more events.' }),
    title: z.string().nullable(),
    metadata: streamMetadata,
    connect_timeout_seconds: ownSeconds,
    reconnect_timeout_seconds: ownSeconds,
    max_duration_seconds: z.number().nullable().meta({ description: 'null: no limit.' }),
    node: z.string().nullable().meta({ description: 'The host of the worker that has the stream.' }),
    worker: z.string().nullable().meta({ description: 'The id of the worker that has the stream.' }),
    port: z.int().nullable(),
    srt_url: z
      .string()
      .nullable()
      .meta({ description: 'Where the encoder publishes, with the stream key. From READY on.' }),
    stream_link: z.string().nullable().meta({ description: 'The playlist, once it is in the store.' }),
    playback: playbackView,
    recording_link: z.string().nullable().meta({ description: 'The recording, once it is in the store.' }),
    last_refusal: z
      .object({
        code: z.int().meta({ description: "SRT's reject code, as the encoder sees it (docs/ingestion.md)." }),
        peer: z.string(),
        message: z.string(),
        at: time,
        count: z.int().meta({ description: 'Refusals in this run.' }),
      })
      .nullable()
      .meta({ description: 'The encoder that was refused last.' }),
    last_error: z
      .object({
        code: z.enum(wordsOf(errorCatalogue)).meta({ description: 'docs/errors.md lists them.' }),
        message: z.string(),
        at: time,
      })
      .nullable()
      .meta({ description: 'What went wrong last in this run, whether it ended the run or not.' }),
    ...encoderView,
    stats: sampleView.nullable().meta({
      description: 'The newest figures: SRT, encode, storage. In `GET …/{stream_id}` alone; null: no encoder.',
    }),
    created_at: time,
    ready_at: time.nullable().meta({ description: 'When a worker first listened for the encoder.' }),
    streaming_at: time.nullable().meta({ description: 'When the first encoder connected.' }),
    stopped_at: time.nullable(),
    updated_at: time,
  })
  .meta({ id: 'Stream' });

export type StreamView = z.output<typeof streamView>;

/** A stream as the resource API shows it. @param latest its newest figures */
export function viewStream(record: StreamRecord, places: PlaybackPlaces, latest?: StreamSample): StreamView {
  const { lastRefusal: refusal, lastError: error } = record;
  return {
    stream_id: record.streamId,
    run: record.run,
    state: record.state,
    reason: record.reason,
    update: record.update ?? null,
    stopping: record.desired === 'stop' && record.state !== 'STOPPED',
    profile: record.profile,
    fallback: record.fallback || null,
    abr: record.abr,
    encrypted: record.passphrase !== undefined,
    latency: record.latency,
    record: record.record,
    dvr: record.dvr,
    webhook_urls: record.webhookUrls,
    ended_webhooks: record.endedWebhooks,
    title: record.title || null,
    metadata: record.metadata,
    connect_timeout_seconds: record.connectTimeoutSeconds ?? null,
    reconnect_timeout_seconds: record.reconnectTimeoutSeconds ?? null,
    max_duration_seconds: record.maxDurationSeconds ?? null,
    node: record.node ?? null,
    worker: record.worker ?? null,
    port: record.port ?? null,
    // A URL whose key was revoked leads nowhere.
    srt_url: record.urlGeneration < record.keyFloor ? null : (record.srtUrl ?? null),
    stream_link: record.streamLink ?? null,
    playback: { policy: record.playback, ...viewUrls(places.of(record)) },
    recording_link: record.recordingLink ?? null,
    last_refusal: refusal ? { ...refusal, at: iso(refusal.at) } : null,
    last_error: error ? { ...error, at: iso(error.at) } : null,
    ...viewEncoder(record),
    stats: latest ? viewSample(latest) : null,
    created_at: iso(record.createdAt),
    ready_at: isoOrNull(record.readyAt),
    streaming_at: isoOrNull(record.streamingAt),
    stopped_at: isoOrNull(record.stoppedAt),
    updated_at: iso(record.updatedAt),
  };
}

const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : iso(ms));
const iso = (ms: number): string => new Date(ms).toISOString();
