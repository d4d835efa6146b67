/**
 * What became of an upload. `failed`: all attempts were made, or another one cannot succeed. `abandoned`: the caller does
 * not wait any more, and the file stays in the spool.
 */
export type UploadOutcome = { kind: 'stored' } | { kind: 'failed'; error: Error } | { kind: 'abandoned' };
