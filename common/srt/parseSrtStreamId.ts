/** What a caller asks for, as its stream id says it. */
export interface SrtRequest {
  /** `publish`, `request` ... in small letters; undefined when it does not say. */
  mode: string | undefined;
  resource: string;
  token: string | undefined;
}

type Field = 'mode' | 'resource' | 'token' | 'session' | 'type';

const FIELDS: Readonly<Record<string, Field>> = {
  mode: 'mode',
  m: 'mode',
  rid: 'resource',
  r: 'resource',
  token: 'token',
  s: 'session',
  t: 'type',
};

/** What `t` says in the Access Control Guidelines; anything else in it is a token. */
const TYPES = new Set(['stream', 'file', 'auth']);

/**
 * Reads `mode=publish,rid=<id>,token=<jwt>`, or the same after `#!::` with the names `m`, `r` and `s` (SRT Access Control
 * Guidelines) or `t`; in any order, with any capitals in names and mode, and with spaces. Text that some encoder has
 * percent-encoded is read as well. A `streamid=` or quotes that were pasted along are dropped, and so is what an encoder
 * appends after a `#` or `&`. Undefined when no resource is named, or something is named twice.
 */
export function parseSrtStreamId(text: string): SrtRequest | undefined {
  const plain = unwrap(text);
  return parseFields(plain) ?? parseFields(unwrap(decode(plain)));
}

const unwrap = (text: string): string =>
  text
    .trim()
    .replace(/^["']+|["']+$/g, '')
    .replace(/^\??streamid=/i, '')
    .trim();

function parseFields(text: string): SrtRequest | undefined {
  const body = text.startsWith('#!::') ? text.slice(4) : text;
  const [list = ''] = body.split(/[#&]/, 1);
  const found: Partial<Record<Field, string>> = {};
  for (const pair of list.split(',')) {
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    const name = pair.slice(0, equals).trim().toLowerCase();
    const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (field === undefined) continue;
    if (found[field] !== undefined) return undefined;
    found[field] = pair.slice(equals + 1).trim();
  }
  if (!found.resource) return undefined;
  return { mode: found.mode?.toLowerCase(), resource: found.resource, token: tokenOf(found) };
}

function tokenOf({ token, session, type }: Partial<Record<Field, string>>): string | undefined {
  return token ?? session ?? (type !== undefined && TYPES.has(type.toLowerCase()) ? undefined : type);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray % is no encoding: the text stays what it is, and does not parse.
    return text;
  }
}
