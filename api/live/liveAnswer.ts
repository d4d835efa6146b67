/** What a worker's origin answered, whole. The same object goes to all viewers that ask for it. */
export interface LiveAnswer {
  status: number;
  contentType: string;
  cacheControl: string;
  /** Of a redirect. */
  location: string | undefined;
  /** The file that viewers ask for next: the newest part of a playlist. */
  preload: string | undefined;
  body: Buffer;
  /** When it came (ms, monotonic), and how long it may be kept (ms). */
  at: number;
  keepMs: number;
}

/** How long shared caches may keep an answer (ms), by its Cache-Control (RFC 9111, 5.2.2). */
export function keepMsOf(cacheControl: string): number {
  if (/\b(no-store|no-cache|private)\b/i.test(cacheControl)) return 0;
  const seconds = /\bs-maxage=(\d{1,9})/i.exec(cacheControl)?.[1] ?? /\bmax-age=(\d{1,9})/i.exec(cacheControl)?.[1];
  return Number(seconds ?? 0) * 1_000;
}
