import { AppError } from '../../common/errors.ts';
import { metadataFits, metadataRule, type StreamMetadata } from '../../common/stream/streamMetadata.ts';
import type { StreamRecord } from '../../common/stream/streamRecord.ts';
import type { EditRequest } from './schemas.ts';

/** The fields of the record that a merge patch (RFC 7396) changes; '' deletes. Throws `body_invalid` when it becomes too large. */
export function editedFields(record: StreamRecord, request: EditRequest): Record<string, string> {
  const title = request.title === undefined ? record.title : (request.title ?? '');
  const metadata = mergeMetadata(record.metadata, request.metadata);
  if (!metadataFits(title, metadata)) {
    throw new AppError('body_invalid', metadataRule, { fields: [{ name: 'metadata', rule: metadataRule }] });
  }
  const { webhook_urls: urls, record: isRecorded } = request;
  if (isRecorded !== undefined && isRecorded !== record.record && isFixed(record)) {
    throw new AppError(
      'recording_fixed',
      `record of stream "${record.streamId}" can be changed until its first encoder connects`,
    );
  }
  return {
    ...(request.title !== undefined && { title }),
    ...(request.metadata !== undefined && { metadata: JSON.stringify(metadata) }),
    ...(isRecorded !== undefined && { record: isRecorded ? '1' : '0' }),
    ...(urls !== undefined && webhookFields(urls ?? [], record.endedWebhooks)),
  };
}

/** A URL that is given again is one again, although its receiver had answered 410. */
function webhookFields(urls: readonly string[], ended: readonly string[]): Record<string, string> {
  const still = ended.filter(url => !urls.includes(url));
  return {
    webhookUrls: JSON.stringify([...new Set(urls)]),
    endedWebhooks: still.length > 0 ? JSON.stringify(still) : '',
  };
}

const isFixed = ({ state, streamingAt }: StreamRecord): boolean => state === 'STOPPED' || streamingAt !== undefined;

function mergeMetadata(known: StreamMetadata, change: EditRequest['metadata']): StreamMetadata {
  if (change === undefined) return known;
  if (change === null) return {};
  const merged = Object.entries({ ...known, ...change });
  return Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== null));
}
