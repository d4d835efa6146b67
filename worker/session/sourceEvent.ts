import type { StreamReason } from '../../common/stream/streamState.ts';
import type { SourceChange } from '../transcode/sourceGuard.ts';

/** What the record and the event say when a source is not copied any more, or is copied again. */
export function sourceEvent(change: SourceChange): {
  fields: { reason: StreamReason; fallback: string };
  event: string;
} {
  if (change.kind === 'restored')
    return { fields: { reason: 'source_restored', fallback: '' }, event: 'The source is passed on again' };
  const { fault, message } = change.judgement;
  return { fields: { reason: 'source_fallback', fallback: fault }, event: `${message}. The source is transcoded` };
}
