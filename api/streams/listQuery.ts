import { z } from 'zod';
import { streamId } from '../../common/stream/streamId.ts';
import { streamMetadata } from '../../common/stream/streamMetadata.ts';
import type { PagePlace, PageQuery } from '../../common/stream/streamPages.ts';
import { streamStates } from '../../common/stream/streamState.ts';

const time = z.iso.datetime({ offset: true, error: 'must be a time as in 2026-11-25T12:00:00Z (RFC 3339)' }).optional();

const cursorError = 'must be the next_cursor of an earlier page';

const place = z.tuple([z.number().min(0).max(8.64e15), streamId]);

/** The query of a listing. */
export const listQuery = z
  .object({
    limit: z.coerce
      .number({ error: 'must be a whole number' })
      .int('must be a whole number')
      .min(1, 'must be at least 1')
      .max(1_000, 'must be at most 1000')
      .default(100)
      .meta({ description: 'How many streams a page has at most.' }),
    cursor: z
      .string({ error: cursorError })
      .max(200, cursorError)
      .transform(readCursor)
      .optional()
      .meta({ description: 'The `next_cursor` of the page before.' }),
    state: z
      .preprocess(
        value => (typeof value === 'string' ? [value] : value),
        z
          .array(z.enum(streamStates, { error: `must be ${streamStates.join(', ')}; repeat it for several` }))
          .optional(),
      )
      .meta({ description: 'Streams in this state. Repeat it for several.' }),
    search: z
      .string({ error: 'must be a text' })
      .max(200, 'must have at most 200 characters')
      .optional()
      .meta({ description: 'Streams whose id or title has this in it, in small or large letters.' }),
    created_after: time.meta({ description: 'Streams created at this time or later (RFC 3339).' }),
    created_before: time.meta({ description: 'Streams created before this time (RFC 3339).' }),
    metadata_key: streamMetadata.keyType.optional().meta({ description: 'Streams that have metadata of this name.' }),
    metadata_value: z
      .string({ error: 'must be a text' })
      .optional()
      .meta({ description: 'With `metadata_key`: only where it has this value.' }),
  })
  .check(context => {
    const { metadata_key: key, metadata_value: input } = context.value;
    if (key !== undefined || input === undefined) return;
    context.issues.push({ code: 'custom', path: ['metadata_value'], message: 'must come with metadata_key', input });
  });

/** What a listing asks for. */
export function pageQuery(query: z.output<typeof listQuery>): PageQuery {
  const { limit, cursor: after, state: states, metadata_key: key, metadata_value: value } = query;
  const ms = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text));
  return {
    ...{ limit, after, states, from: ms(query.created_after), before: ms(query.created_before) },
    metadata: key === undefined ? undefined : { key, value },
    text: query.search?.trim() || undefined,
  };
}

/** Opaque to apps: it may change with any version. */
export const writeCursor = ({ at, streamId: id }: PagePlace): string =>
  Buffer.from(JSON.stringify([at, id])).toString('base64url');

function readCursor(cursor: string, context: z.core.$RefinementCtx): PagePlace {
  try {
    const [at, id] = place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    return { at, streamId: id };
  } catch {
    context.issues.push({ code: 'custom', message: cursorError, input: cursor });
    return z.NEVER;
  }
}
