import { z } from 'zod';
import { passphrase } from '../../common/srt/passphrase.ts';
import { streamId } from '../../common/stream/streamId.ts';
import { streamLatency } from '../../common/stream/streamLatency.ts';
import {
  metadataError,
  metadataFits,
  metadataRule,
  streamMetadata,
  streamTitle,
} from '../../common/stream/streamMetadata.ts';
import { streamPlayback } from '../../common/stream/streamPlayback.ts';
import { profileConflict, requestedProfile } from '../../common/stream/streamProfile.ts';

export const webhookUrl = z
  .string({ error: 'must be a string' })
  .max(2_048, 'must have at most 2048 characters')
  .pipe(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }))
  .meta({ format: 'uri', pattern: '^[Hh][Tt][Tt][Pp][Ss]?:' });

const webhookUrls = z
  .array(webhookUrl, { error: 'must be a list of URLs' })
  .max(10, 'must have at most 10 URLs')
  .meta({ description: 'Get each event of the stream (docs/events.md).' });

const flag = z.boolean({ error: 'must be true or false' });

const seconds = (most: number, description: string) => {
  const error = `must be a number from 1 to ${most}`;
  return z.number({ error }).min(1, error).max(most, error).nullish().meta({ description });
};

const DAY = 86_400;
const body = { error: 'the body must be a JSON object' };

/** `{"stream_id"}`; other fields are ignored. */
export const streamRef = z.object({ stream_id: streamId }, body);

/** What both forms of a start have. null means absent. */
const common = {
  profile: requestedProfile
    .nullish()
    .meta({ description: 'What is made of the picture (docs/profiles.md). Default: DEFAULT_PROFILE.' }),
  abr: flag.nullish().meta({ description: 'true: the ladder. Where both are given it must agree with `profile`.' }),
  record: flag.nullish().meta({ description: 'Keeps every segment, and makes a recording at the end.' }),
  dvr: flag.nullish().meta({ description: 'Viewers can rewind to the beginning while the stream is live.' }),
  latency: streamLatency
    .nullish()
    .meta({ description: 'reduced: shorter segments. low: Low-Latency HLS (docs/latency.md). Default: standard.' }),
  playback: streamPlayback
    .nullish()
    .meta({ description: 'signed: viewers need a token in the URL (docs/tokens.md). Default: public.' }),
  passphrase: passphrase.nullish().meta({ description: 'The encoder must have it, too (docs/ingestion.md).' }),
  webhook_urls: webhookUrls.nullish(),
};

function checkProfile(context: z.core.ParsePayload<{ profile?: unknown; abr?: unknown }>): void {
  const message = profileConflict(context.value as Parameters<typeof profileConflict>[0]);
  if (message) context.issues.push({ code: 'custom', path: ['profile'], message, input: context.value.profile });
}

/** The body of Livetran's start. As in Livetran, unknown fields are ignored. */
export const livetranStart = z.object({ stream_id: streamId, ...common }, body).check(checkProfile);

/** The body of `POST /v1/streams`. */
export const createRequest = z
  .strictObject(
    {
      stream_id: streamId
        .nullish()
        .meta({ description: 'Its name in URLs and in the bucket. Made when it is absent.' }),
      ...common,
      title: streamTitle.nullish(),
      metadata: streamMetadata.nullish().meta({ description: `Texts of your own, by name. ${metadataRule}.` }),
      connect_timeout_seconds: seconds(
        DAY,
        'STOPPED without an encoder after so long. Default: CONNECT_TIMEOUT_SECONDS.',
      ),
      reconnect_timeout_seconds: seconds(
        DAY,
        'STOPPED so long after its encoder has gone. Default: RECONNECT_TIMEOUT_SECONDS.',
      ),
      max_duration_seconds: seconds(30 * DAY, 'STOPPED so long after its first encoder connected. Default: no limit.'),
    },
    body,
  )
  .check(checkProfile, context => {
    const { title, metadata } = context.value;
    if (metadataFits(title ?? '', metadata ?? {})) return;
    context.issues.push({ code: 'custom', path: ['metadata'], message: metadataRule, input: metadata });
  })
  .meta({ id: 'StartStream' });

export type CreateRequest = z.output<typeof createRequest>;

/** The body of `PATCH /v1/streams/:stream_id`: a JSON merge patch (RFC 7396). */
export const editRequest = z
  .strictObject(
    {
      webhook_urls: webhookUrls.nullable(),
      title: streamTitle.nullable(),
      metadata: z
        .record(streamMetadata.keyType, streamMetadata.valueType.nullable(), { error: metadataError })
        .nullable()
        .meta({ description: 'Changes the names that it has; null removes one. null for the whole removes all.' }),
      record: flag,
    },
    body,
  )
  .partial()
  .meta({ id: 'EditStream' });

export type EditRequest = z.output<typeof editRequest>;

/** The body of `POST /v1/streams/:stream_id/key`. */
export const keyRequest = z
  .strictObject(
    {
      revoke: flag
        .optional()
        .meta({ description: 'All keys before the new one are worthless, and their encoder is disconnected.' }),
      passphrase: passphrase.nullable().optional().meta({ description: 'Replaces the passphrase; null removes it.' }),
    },
    body,
  )
  .meta({ id: 'RotateKey' });
