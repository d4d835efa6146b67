import { z } from 'zod';
import { passphrase } from '../../common/srt/passphrase.ts';
import { streamId } from '../../common/stream/streamId.ts';
import { streamLatency } from '../../common/stream/streamLatency.ts';
import { profileConflict, requestedProfile } from '../../common/stream/streamProfile.ts';

const webhookUrl = z
  .string()
  .max(2_048, 'must have at most 2048 characters')
  .pipe(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }));

const webhookUrls = z.array(webhookUrl, { error: 'must be a list of URLs' }).max(10, 'must have at most 10 URLs');

const flag = z.boolean({ error: 'must be true or false' });

const body = { error: 'the body must be a JSON object' };

/** `{"stream_id"}`; other fields are ignored. */
export const streamRef = z.object({ stream_id: streamId }, body);

/** What both forms of a start have. null means absent. */
const common = {
  profile: requestedProfile
    .nullish()
    .meta({ description: 'What is made of the picture (docs/profiles.md). Default: DEFAULT_PROFILE.' }),
  abr: flag.nullish().meta({ description: 'true: the ladder. Where both are given it must agree with `profile`.' }),
  record: flag.nullish().transform(on => on ?? false),
  dvr: flag.nullish().transform(on => on ?? false),
  latency: streamLatency
    .nullish()
    .meta({ description: 'reduced: shorter segments (docs/latency.md). Default: standard.' }),
  passphrase: passphrase.nullish().meta({ description: 'The encoder must have it, too (docs/ingestion.md).' }),
  webhook_urls: webhookUrls.nullish().transform(urls => [...new Set(urls)]),
};

function checkProfile(context: z.core.ParsePayload<{ profile?: unknown; abr?: unknown }>): void {
  const message = profileConflict(context.value as Parameters<typeof profileConflict>[0]);
  if (message) context.issues.push({ code: 'custom', path: ['profile'], message, input: context.value.profile });
}

/** The body of Livetran's start. As in Livetran, unknown fields are ignored. */
export const livetranStart = z.object({ stream_id: streamId, ...common }, body).check(checkProfile);

/** The body of `POST /v1/streams`. */
export const startRequest = z
  .strictObject({ stream_id: streamId, ...common }, body)
  .check(checkProfile)
  .meta({ id: 'StartStream' });

export type StartRequest = z.output<typeof startRequest>;

/** The query of a listing. */
export const listQuery = z.object({
  limit: z.coerce
    .number({ error: 'must be a whole number' })
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(1_000, 'must be at most 1000')
    .default(100)
    .meta({ description: 'How many streams a page has at most.' }),
});
