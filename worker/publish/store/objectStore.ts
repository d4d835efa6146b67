/** Headers, metadata and fencing of one PUT. */
export interface PutOptions {
  contentType: string;
  cacheControl: string;
  /** Lower-case names, ASCII values. */
  metadata?: Record<string, string>;
  /**
   * Fails with StoreError `precondition` unless the object is absent / still has that ETag. Two traps for the caller:
   * - When the answer to a conditional PUT is lost (`ambiguous`), the same PUT again fails with `precondition` because of
   *   its own first write. On `precondition` read the object back: one's own metadata means success.
   * - An S3 ETag is the MD5 of the bytes alone: a write of the same bytes with other metadata keeps the ETag and fences
   *   no writer out. A new owner's first write must change the bytes.
   */
  condition?: { ifNoneMatch: '*' } | { ifMatch: string };
  signal?: AbortSignal;
}

export interface ObjectInfo {
  key: string;
  /** Bytes. */
  size: number;
  /** Opaque, without quotes; changes whenever the bytes do. The same from put, get and head. */
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
  head(
    key: string,
    options?: { signal?: AbortSignal },
  ): Promise<(ObjectInfo & { metadata: Record<string, string> }) | undefined>;
  /** Deleting what does not exist succeeds. Returns the keys that could not be deleted. */
  delete(
    keys: readonly string[],
    options?: { signal?: AbortSignal },
  ): Promise<{ failed: { key: string; code: string }[] }>;
  /** The keys of all objects that start with `prefix`, in order, through as many pages as there are. */
  list(prefix: string, options?: { signal?: AbortSignal }): AsyncIterable<string>;
  /** Tries a conditional PUT against the store: true when it fences (create-if-absent and If-Match both hold). */
  probeConditionalPut(signal?: AbortSignal): Promise<boolean>;
  publicUrl(key: string): string;
  /** Ends its connections. May be called twice; calls under way fail. */
  close(): void;
}
