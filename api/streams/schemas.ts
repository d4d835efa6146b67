import { z } from 'zod';
import { passphrase } from '../../common/srt/passphrase.ts';
import { streamId } from '../../common/stream/streamId.ts';
import { profileConflict, requestedProfile } from '../../common/stream/streamProfile.ts';

const webhookUrl = z
  .string()
  .max(2_048, 'must have at most 2048 characters')
  .pipe(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }));

const flag = z
  .boolean({ error: 'must be true or false' })
  .nullish()
  .transform(on => on ?? false);

const body = { error: 'the body must be a JSON object' };

/** `{"stream_id"}`; other fields are ignored. */
export const streamRef = z.object({ stream_id: streamId }, body);

/** The body of a start. As in Livetran, unknown fields are ignored, and null means absent. */
export const startRequest = z
  .object(
    {
      stream_id: streamId,
      webhook_urls: z
        .array(webhookUrl, { error: 'must be a list of URLs' })
        .max(10, 'must have at most 10 URLs')
        .nullish()
        .transform(urls => [...new Set(urls)]),
      profile: requestedProfile.nullish(),
      abr: z.boolean({ error: 'must be true or false' }).nullish(),
      record: flag,
      dvr: flag,
      passphrase: passphrase.nullish(),
    },
    body,
  )
  .check(context => {
    const message = profileConflict(context.value);
    if (message) context.issues.push({ code: 'custom', path: ['profile'], message, input: context.value.profile });
  });

export type StartRequest = z.infer<typeof startRequest>;

/** The query of a listing. */
export const listQuery = z.object({
  limit: z.coerce
    .number({ error: 'must be a whole number' })
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(1_000, 'must be at most 1000')
    .default(100),
});
