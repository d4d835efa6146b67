import type { DoubleBucket } from './doubleBucket.ts';

/** A signed request, taken apart. */
export interface S3Request {
  method: string;
  bucket: string;
  /** Empty for the bucket itself. */
  key: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  body: Buffer;
}

export interface S3Answer {
  status: number;
  headers?: Record<string, string | number>;
  body?: Buffer | string;
}

export type S3Handler = (request: S3Request, bucket: DoubleBucket) => S3Answer;
