import type { AppError } from '../../common/errors.ts';
import type { StreamReason } from '../../common/stream/streamState.ts';

const reasons = ['ports_exhausted', 'listener_error', 'key_error', 'transcode_error', 'storage_error'] as const;

/** The reason of a stream that an error ends. */
export const stopReason = (error: AppError): StreamReason =>
  reasons.find(reason => reason === error.code) ?? 'internal_error';
