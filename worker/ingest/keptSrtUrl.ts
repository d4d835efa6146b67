/**
 * The URL that the encoder already has while it still leads to the same host and port, so that its key stays valid for this
 * run; else the new one. @param before `srtUrl` of the record @param fresh the URL of the port that is open now
 */
export function keptSrtUrl(before: string | undefined, fresh: string): string {
  return before !== undefined && place(before) === place(fresh) ? before : fresh;
}

/** `srt://<host>:<port>` */
const place = (url: string): string => url.split('?', 1)[0] ?? '';
