import { AppError } from '../../../common/errors.ts';
import { StoreError, type StoreErrorKind } from './storeError.ts';

/** Failures that do not pass by themselves: an operator has to change something. */
export function isPermanent(kind: StoreErrorKind): kind is 'denied' | 'config' {
  return kind === 'denied' || kind === 'config';
}

const advice: Partial<Record<StoreErrorKind, string>> = {
  denied:
    'the store refuses our credentials; check R2_ACCESS_KEY and R2_SECRET_KEY, and that they may read and write BUCKET_NAME (for file storage: the rights on OUTPUT_DIR)',
  config:
    'the store cannot be used as it is set up; check BUCKET_NAME, R2_ACCOUNT_ID or S3_ENDPOINT, and S3_REGION (for file storage: OUTPUT_DIR)',
};

/** A store's failure as the stream's: says which variables to check. */
export function storeFault(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const hint = error instanceof StoreError ? advice[error.kind] : undefined;
  const detail = error instanceof Error ? error.message : String(error);
  return new AppError('storage_error', hint ? `${hint} (${detail})` : `the store failed: ${detail}`, { cause: error });
}
