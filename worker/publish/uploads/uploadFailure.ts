import { StoreError } from '../store/storeError.ts';

/** A job's `failedReason` as the error it was, as far as it tells: `denied: …` and `config: …` end the stream. */
export function uploadFailure(failedReason: string | undefined): Error {
  const text = failedReason ?? 'the upload failed';
  const [, kind, message = text] = /^(denied|config|precondition): (.*)$/s.exec(text) ?? [];
  if (kind === 'denied' || kind === 'config' || kind === 'precondition') return new StoreError(kind, message);
  return new Error(text);
}
