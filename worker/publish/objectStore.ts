/** Headers, metadata and fencing of one PUT. */
export interface PutOptions {
  contentType: string;
  cacheControl: string;
  /** Lower-case names, ASCII values. */
  metadata?: Record<string, string>;
  /** Fails with StoreError `precondition` unless the object is absent / still has that ETag. */
  condition?: { ifNoneMatch: '*' } | { ifMatch: string };
  signal?: AbortSignal;
}

export interface ObjectInfo {
  key: string;
  /** Bytes. */
  size: number;
  etag: string;
}

export interface StoredObject extends ObjectInfo {
  body: Buffer;
  metadata: Record<string, string>;
}

/** What publishing needs of a store: R2, any S3 server, or a folder. Every method may throw a StoreError. */
export interface ObjectStore {
  put(key: string, body: Buffer | string, options: PutOptions): Promise<{ etag: string }>;
  /** The object whole, or undefined when there is none. */
  get(key: string, options?: { signal?: AbortSignal }): Promise<StoredObject | undefined>;
  head(key: string, options?: { signal?: AbortSignal }): Promise<(ObjectInfo & { metadata: Record<string, string> }) | undefined>;
  /** Deleting what does not exist succeeds. Returns the keys that could not be deleted. */
  delete(keys: readonly string[], options?: { signal?: AbortSignal }): Promise<{ failed: { key: string; code: string }[] }>;
  /** All objects whose key starts with `prefix`, in key order, through as many pages as there are. */
  list(prefix: string, options?: { signal?: AbortSignal }): AsyncIterable<ObjectInfo>;
  /** Tries a conditional PUT against the store: true when it fences (create-if-absent and If-Match both hold). */
  probeConditionalPut(signal?: AbortSignal): Promise<boolean>;
  publicUrl(key: string): string;
  close(): void;
}
