import { AppError } from '../../common/errors.ts';

/** Longer segments than this many parts are not made. It also bounds how many requests can wait for one segment. */
const MOST_PARTS = 200;
const WHOLE = /^\d{1,15}$/;

/**
 * The delivery directives of a media playlist's query (RFC 8216bis, 6.2.5) as a query of one form, so that equal requests are equal text; '' without
 * any. Other parameters are left out. Throws `parameter_invalid`.
 */
export function liveDirectives(query: string): string {
  if (!query.includes('_HLS_')) return '';
  const given = new URLSearchParams(query);
  const msn = whole(given, '_HLS_msn');
  const part = whole(given, '_HLS_part');
  const skip = one(given, '_HLS_skip');
  if (part !== undefined && msn === undefined) refuse('_HLS_part', 'must come with _HLS_msn');
  if (part !== undefined && part >= MOST_PARTS) refuse('_HLS_part', `must be less than ${MOST_PARTS}`);
  if (skip !== undefined && skip !== 'YES' && skip !== 'v2') refuse('_HLS_skip', 'must be YES or v2');
  const set = { _HLS_msn: msn, _HLS_part: part, _HLS_skip: skip };
  return Object.entries(set)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
    .join('&');
}

function whole(given: URLSearchParams, name: string): number | undefined {
  const text = one(given, name);
  if (text === undefined) return undefined;
  if (!WHOLE.test(text)) refuse(name, 'must be a whole number');
  return Number(text);
}

function one(given: URLSearchParams, name: string): string | undefined {
  const [first, ...more] = given.getAll(name);
  if (more.length > 0) refuse(name, 'must be given once');
  return first;
}

function refuse(name: string, rule: string): never {
  throw new AppError('parameter_invalid', `${name}: ${rule}`, { fields: [{ name, rule }] });
}
