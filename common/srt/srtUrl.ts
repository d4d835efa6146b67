import { isIPv6 } from 'node:net';
import { AppError } from '../errors.ts';

/** libsrt's limit (SRTO_STREAMID). Callers that ignore the error of a longer one connect with an empty stream id. */
const STREAM_ID_BYTES = 512;

/**
 * What an encoder is given: `srt://<host>:<port>?streamid=mode=publish,rid=<stream>,token=<key>`.
 * @throws AppError `key_error` when the stream id would be longer than SRT allows
 */
export function srtUrl(place: { host: string; port: number }, streamId: string, token: string): string {
  const text = `mode=publish,rid=${streamId},token=${token}`;
  const bytes = Buffer.byteLength(text);
  if (bytes > STREAM_ID_BYTES) {
    throw new AppError(
      'key_error',
      `the SRT stream id of "${streamId}" has ${bytes} bytes and SRT allows ${STREAM_ID_BYTES}; use a shorter stream_id`,
    );
  }
  const host = isIPv6(place.host) ? `[${place.host}]` : place.host;
  return `srt://${host}:${place.port}?streamid=${text}`;
}
