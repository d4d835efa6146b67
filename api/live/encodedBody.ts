import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { LiveAnswer } from './liveAnswer.ts';

type Coding = 'br' | 'gzip';

/** Less does not get smaller by what its headers cost. */
const LEAST_BYTES = 400;
const BROTLI = {
  params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT },
};

const encoded = new WeakMap<LiveAnswer, Partial<Record<Coding, Buffer>>>();

/** Whether an answer has encoded forms: playlists. Media are compressed already. */
export const isEncodable = ({ contentType, body }: LiveAnswer): boolean =>
  contentType.includes('mpegurl') && body.length >= LEAST_BYTES;

/** The coding that the caller accepts, the smaller form first (RFC 9110, 12.5.3). */
export function codingFor(acceptEncoding: string | undefined): Coding | undefined {
  if (acceptEncoding === undefined) return undefined;
  if (accepts(acceptEncoding, 'br')) return 'br';
  return accepts(acceptEncoding, 'gzip') ? 'gzip' : undefined;
}

/** The body in this coding. Made once for each answer: some kB, which take a tenth of a millisecond. */
export function encodedBody(answer: LiveAnswer, coding: Coding): Buffer {
  const forms = encoded.get(answer) ?? {};
  encoded.set(answer, forms);
  forms[coding] ??= coding === 'br' ? brotliCompressSync(answer.body, BROTLI) : gzipSync(answer.body);
  return forms[coding];
}

function accepts(header: string, coding: Coding): boolean {
  const at = header.indexOf(coding);
  return at !== -1 && !/^\s*;\s*q=0(\.0{1,3})?\s*(,|$)/.test(header.slice(at + coding.length));
}
