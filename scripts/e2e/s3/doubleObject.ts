export interface DoubleObject {
  body: Buffer;
  /** MD5 of the body, without quotes. */
  etag: string;
  /** `content-type`, `cache-control`. */
  headers: Record<string, string>;
  metadata: Record<string, string>;
  lastModified: Date;
  /** Since the object was last created. Times in ms since 1970. */
  writes: { time: number; etag: string }[];
}

export interface Write {
  body: Buffer;
  headers: Record<string, string>;
  metadata: Record<string, string>;
  ifMatch: string | undefined;
  ifNoneMatch: string | undefined;
}

/** A PUT that changed an object: who says to have made it. */
export interface AcceptedPut {
  key: string;
  metadata: Record<string, string>;
  /** ms since 1970. */
  time: number;
}
